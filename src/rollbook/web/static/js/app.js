// On every page: no double click, questions before what cannot be taken back, menus that close.

document.addEventListener("submit", (event) => {
  const form = event.target;
  const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (question && !window.confirm(question)) {
    event.preventDefault();
    return;
  }
  if (!("once" in form.dataset)) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  form.setAttribute("aria-busy", "true");
  // disabling now would leave the pressed button out of what is sent
  setTimeout(() => form.querySelectorAll("button").forEach((b) => { b.disabled = true; }), 0);
});

// a page that comes back from the browser's memory can be sent again
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
    form.querySelectorAll("button").forEach((b) => { b.disabled = false; });
  });
});

document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    menu.open = false;
    menu.querySelector("summary").focus();
  });
});

document.querySelector("[data-focus]")?.focus();

// where one is stays in sight, also in a row that scrolls on a telephone
document.querySelectorAll(".nav [aria-current], .tabs [aria-current]").forEach((link) => {
  const row = link.parentElement;
  if (row.scrollWidth > row.clientWidth) {
    row.scrollLeft += link.getBoundingClientRect().left - row.getBoundingClientRect().left - 16;
  }
});

// who came by an address is led on, once there is nothing to decide
document.querySelector("form[data-at-once]")?.requestSubmit();
