// Class photographs: say what was chosen, that it takes a while, and which face is which.

const form = document.getElementById("photo-form");
if (form) {
  const files = form.querySelectorAll("input[type=file]");
  const list = document.getElementById("chosen");
  files.forEach((input) => input.addEventListener("change", () => {
    // one of the two is enough: the form must not insist on the other
    document.getElementById("f-photos").required = ![...files].some((one) => one.files.length);
    list.replaceChildren(...[...files].flatMap((one) => [...one.files]).map((file) => {
      const item = document.createElement("li");
      item.textContent = `${file.name} (${(file.size / 1048576).toFixed(1)} MB)`;
      return item;
    }));
    list.hidden = !list.children.length;
  }));
  form.addEventListener("submit", () => { document.getElementById("looking").hidden = false; });
}

// the line of a face and its box point at each other
document.querySelectorAll("[data-face]").forEach((one) => {
  const both = () => document.querySelectorAll(`[data-face="${one.dataset.face}"]`);
  for (const event of ["pointerenter", "focusin"]) {
    one.addEventListener(event, () => both().forEach((other) => other.classList.add("here")));
  }
  for (const event of ["pointerleave", "focusout"]) {
    one.addEventListener(event, () => both().forEach((other) => other.classList.remove("here")));
  }
  if (one instanceof SVGElement) {
    one.addEventListener("click", () => document.getElementById(`face_${one.dataset.face}`)?.focus());
  }
});
