const looks = JSON.parse(document.getElementById("looks").textContent);
const picture = document.querySelector("svg");
const cursor = picture.querySelector(".cursor");
const told = document.querySelectorAll("#readout dd");
const left = looks.map((look) => look[0]);
const origin = cursor.getBBox().x;
let shown = looks.length - 1;

function show(number) {
  shown = Math.max(0, Math.min(looks.length - 1, number));
  cursor.setAttribute("transform", `translate(${left[shown] - origin} 0)`);
  cursor.style.visibility = "visible";
  told.forEach((place, column) => { place.textContent = looks[shown][column + 1]; });
}

function nearest(x) {
  return left.reduce((best, at, number) => (Math.abs(at - x) < Math.abs(left[best] - x) ? number : best), 0);
}

function follow(event) {
  const frame = picture.getBoundingClientRect();
  show(nearest(((event.clientX - frame.left) / frame.width) * picture.viewBox.baseVal.width));
}

picture.addEventListener("pointermove", follow);
picture.addEventListener("pointerdown", follow);
picture.addEventListener("keydown", (event) => {
  const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -looks.length, End: looks.length };
  if (event.key in steps) {
    event.preventDefault();
    show(shown + steps[event.key]);
  }
});
told.forEach((place, column) => { place.textContent = looks[shown][column + 1]; });
