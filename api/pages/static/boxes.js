// Moves the fields on the page images of the prepare page: by pointer, by arrow keys, by numbers.
// The numbers in the form are the truth; the drawing follows them.
"use strict";

const STEP = 0.5;
const LEAST = 4;

class Box {
  constructor(form, group) {
    this.group = group;
    this.form = form;
    this.fields = form.querySelector(`[data-fields="${group.dataset.box}"]`);
    this.page = this.fields.querySelector("[name$=-page]");
    this.fields.addEventListener("input", () => this.draw());
    group.addEventListener("pointerdown", (event) => this.hold(event));
    group.addEventListener("keydown", (event) => this.key(event));
  }

  input(part) { return this.fields.querySelector(`[data-part="${part}"]`); }
  get(part) { return Number(this.input(part).value) || 0; }

  set(part, value) {
    const room = this.group.ownerSVGElement.viewBox.baseVal;
    const most = { left: room.width - this.get("width"), top: room.height - this.get("height"), width: room.width - this.get("left"), height: room.height - this.get("top") }[part];
    const least = part === "width" || part === "height" ? LEAST : 0;
    this.input(part).value = Math.min(Math.max(value, least), Math.max(most, least)).toFixed(1);
  }

  draw() {
    const sheet = this.form.querySelector(`[data-page="${this.page.value}"]`);
    if (sheet && sheet !== this.group.ownerSVGElement) sheet.append(this.group);
    this.group.toggleAttribute("hidden", !sheet);
    const [left, top, width, height] = ["left", "top", "width", "height"].map((part) => this.get(part));
    const put = (selector, values) => Object.entries(values).forEach(([name, value]) => this.group.querySelector(selector).setAttribute(name, value));
    put("rect", { x: left, y: top, width, height });
    put("text", { x: left + 1, y: top - 1.2 });
    this.group.querySelectorAll(".grip").forEach((grip) => {
      grip.setAttribute("cx", left + width);
      grip.setAttribute("cy", top + height);
    });
  }

  /** Pointer position in millimetres of the sheet. */
  at(event) {
    const sheet = this.group.ownerSVGElement;
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(sheet.getScreenCTM().inverse());
  }

  hold(event) {
    if (event.button) return;
    event.preventDefault();
    const resize = event.target.matches(".grip");
    const from = this.at(event);
    const [first, second] = resize ? ["width", "height"] : ["left", "top"];
    const before = [this.get(first), this.get(second)];
    const move = (moved) => {
      const now = this.at(moved);
      this.set(first, before[0] + now.x - from.x);
      this.set(second, before[1] + now.y - from.y);
      this.draw();
    };
    const drop = () => {
      this.group.classList.remove("held");
      this.group.removeEventListener("pointermove", move);
    };
    this.group.setPointerCapture(event.pointerId);
    this.group.classList.add("held");
    this.group.focus();
    this.group.addEventListener("pointermove", move);
    this.group.addEventListener("pointerup", drop, { once: true });
    this.group.addEventListener("pointercancel", drop, { once: true });
  }

  key(event) {
    const way = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!way) return;
    event.preventDefault();
    const [first, second] = event.shiftKey ? ["width", "height"] : ["left", "top"];
    this.set(first, this.get(first) + way[0]);
    this.set(second, this.get(second) + way[1]);
    this.draw();
  }
}

document.querySelectorAll("form[data-boxes]").forEach((form) => {
  form.querySelectorAll(".box").forEach((group) => new Box(form, group));
});
