// The QR code of the administrator's page brings the code behind a #, which no server ever sees.

const code = decodeURIComponent(window.location.hash.slice(1));
if (code) {
  document.getElementById("f-code").value = code;
  window.history.replaceState(null, "", window.location.pathname);
  document.querySelector("#pair button").focus();
}
