// The fields of the consent are shown when it is given; taking pictures needs it.

const agreed = document.getElementById("f-agreed");
const fields = document.getElementById("consent-fields");
const camera = document.querySelector("button[name=then]");

const follow = () => {
  fields.hidden = !agreed.checked;
  camera.hidden = !agreed.checked;
};
agreed.addEventListener("change", follow);
follow();
