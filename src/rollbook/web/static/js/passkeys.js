// Passkeys: asks the server what to ask the device, and brings back what the device signed.

import { post } from "./lib.js";

const bytes = (text) => Uint8Array.from(
  atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0),
);
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const withBytes = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

async function create(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: withBytes(options.excludeCredentials),
    },
  });
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    response: {
      clientDataJSON: text(made.response.clientDataJSON),
      attestationObject: text(made.response.attestationObject),
      transports: made.response.getTransports?.() ?? [],
    },
  };
}

async function get(options) {
  const made = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: withBytes(options.allowCredentials),
    },
  });
  const { response } = made;
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: response.userHandle ? text(response.userHandle) : null,
    },
  };
}

async function use(button, problem) {
  const { start, finish, next, name } = button.dataset;
  const options = await post(start, {});
  let credential;
  try {
    credential = await (button.dataset.passkey === "create" ? create(options) : get(options));
  } catch (error) {
    problem(button.dataset.stopped);
    return;
  }
  const called = name ? document.getElementById(name).value : undefined;
  const answer = await post(finish, { credential, next, name: called });
  window.location.assign(answer.url);
}

if (window.PublicKeyCredential) {
  document.querySelectorAll("[data-passkeys], [data-passkey]").forEach((part) => { part.hidden = false; });
  document.querySelectorAll("[data-passkey]").forEach((button) => {
    const place = button.parentElement.querySelector("[data-passkey-error]");
    const problem = (sentence) => { place.textContent = sentence; place.hidden = false; };
    button.addEventListener("click", async () => {
      button.disabled = true;
      place.hidden = true;
      try {
        await use(button, problem);
      } catch (error) {
        if (error.body?.confirm) window.location.assign(error.body.confirm);
        else problem(error.message);
      }
      button.disabled = false;
    });
  });
}
