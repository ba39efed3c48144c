// Handles: on the ends of a law, and over the numbers of its formula. For a mouse, a finger and the keyboard.

import { endsOf, spelled, valueAt } from "./law.js"
import { dragged, isHeld } from "./pointer.js"
import { formulaNow } from "./moving_words.js"

const DOUBLING = 120 // pixels in which a number of the formula doubles
const QUIET = 350 // milliseconds after the last key, until it is as if a hand had let go
const STEPS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }

export function made(tag, className, parent, words = "") {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = words
  parent.append(element)
  return element
}

export class Grips {
  // `hand` takes hold of a number, moves it, lets it go or brings it back, and tells which it holds.
  constructor(hand) {
    this.hand = hand
    this.all = []
    this.quiet = 0
  }

  // Have the handles that there should be, and keep those that there are: one may have the focus.
  attach(live, panels, layer) {
    const seen = live ? formulaNow() : []
    const wanted = panels.flatMap(({ ends }, at) => ends.map(({ end, name }) => ({ kind: "end", name, end, at })))
    for (const [at, name] of (live?.formula ?? []).entries())
      if (!name.startsWith("=") && seen[at]) wanted.push({ kind: "number", name, at })
    const same = (a, b) => a.kind === b.kind && a.name === b.name && a.end === b.end && a.at === b.at
    for (const grip of this.all)
      if (!wanted.some(one => same(one, grip)) || grip.kind === "end" && !layer?.contains(grip.element)) grip.element.remove()
    this.all = this.all.filter(grip => grip.element.isConnected)
    for (const one of wanted)
      if (!this.all.some(grip => same(one, grip))) this.all.push(this.make(one, live, layer, seen))
    for (const grip of this.all) this.describe(grip, live, live.controls[grip.name].value)
    this.giveKeys(wanted, same)
  }

  // Of all handles of one number on a chart the keyboard needs one: the first high end, or else the first.
  giveKeys(wanted, same) {
    const ends = wanted.filter(({ kind }) => kind === "end")
    for (const grip of this.all) {
      const alike = ends.filter(({ name }) => name === grip.name)
      const has = grip.kind === "number" || same(grip, alike.find(({ end }) => end === "high") ?? alike[0])
      for (const [key, text] of [["tabindex", has && "0"], ["aria-hidden", !has && "true"]])
        if (text) grip.element.setAttribute(key, text)
        else grip.element.removeAttribute(key)
    }
  }

  make(one, live, layer, seen) {
    const onChart = one.kind === "end"
    const parent = onChart ? layer : seen[one.at][0].closest("[data-testid=stMarkdown]")
    const element = made("div", onChart ? "lab-grip" : "lab-scrub", parent)
    const grip = { ...one, element }
    element.dataset.live = one.name
    element.title = live.words.handles[one.name]
    element.setAttribute("role", "slider")
    element.addEventListener("pointerdown", event => this.down(event, grip))
    element.addEventListener("keydown", event => this.key(event, grip))
    return grip
  }

  describe({ name, element }, live, value) {
    const control = live.controls[name]
    const { least, most } = control
    const told = { label: live.words.handles[name], valuenow: value, valuemin: least, valuemax: most, valuetext: spelled(control, value) }
    for (const [key, text] of Object.entries(told))
      if (element.getAttribute(`aria-${key}`) !== String(text)) element.setAttribute(`aria-${key}`, text)
  }

  // Of all handles of a number, what it is now.
  tell(name, live, value) {
    for (const grip of this.all) if (grip.name === name) this.describe(grip, live, value)
  }

  // Where the laws stand, each in a panel of these axes, and where the formula's numbers are.
  place(panels, laws, axes, formula) {
    for (const grip of this.all) {
      if (grip.kind === "number") over(grip, formula)
      else {
        const { xaxis, yaxis } = axes[grip.at]
        const ends = endsOf(panels[grip.at], laws[grip.at])
        const [first, last] = xaxis.range
        const at = (ends[grip.end] - first) / (last - first) * xaxis._length
        grip.element.style.left = `${xaxis._offset + Math.min(xaxis._length, Math.max(0, at))}px`
        grip.element.style.top = `${yaxis._offset + yaxis._length / 2}px`
      }
    }
  }

  down(event, grip) {
    if (event.button || isHeld()) return
    event.preventDefault()
    event.stopPropagation()
    clearTimeout(this.quiet)
    grip.element.focus({ preventScroll: true })
    const taken = this.hand.take(grip)
    if (!taken) return
    const { live, picture, value: found } = taken
    const control = live.controls[grip.name]
    const began = event.clientX
    const { left, width } = picture.cover.getBoundingClientRect()
    const scale = width / picture.cover.offsetWidth // a small projector has its charts drawn smaller
    const perPixel = picture.perPixel / scale
    // from where the end stands, wherever in its handle the hand is; of one off the axes, from where that is seen
    const box = grip.element.getBoundingClientRect()
    const seen = picture.value((box.left + box.width / 2 - left) / scale)
    const stands = grip.kind === "end" ? endsOf(live, live.law)[grip.end] : seen
    const start = Math.abs(seen - stands) < 2 * perPixel ? stands : seen
    const to = moved => {
      const pixels = moved.clientX - began
      const value = grip.kind === "end"
        ? under(live, grip, start + pixels * perPixel)
        : scrubbed({ ...control, value: found }, pixels, perPixel)
      this.hand.move(value)
    }
    dragged(event, grip.element, to, () => this.hand.release())
  }

  key(event, grip) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === "Escape" && this.hand.back()) {
      clearTimeout(this.quiet)
      event.preventDefault()
      event.stopPropagation()
      return
    }
    const { control, value, std } = this.hand.now(grip.name)
    const unit = control.whole ? 1 : control.side ? std / 20 : 10 ** (Math.floor(Math.log10(Math.abs(value) || 1)) - 1)
    const steps = (STEPS[event.key] ?? 0) * (event.shiftKey ? 10 : 1)
    const next = { Home: control.least, End: control.most }[event.key] ?? (steps ? value + steps * unit : null)
    if (next === null) return
    event.preventDefault()
    event.stopPropagation()
    const taken = !isHeld() && this.hand.take({ end: "high", ...grip })
    if (!taken) return
    this.describe(grip, taken.live, this.hand.move(next))
    clearTimeout(this.quiet)
    this.quiet = setTimeout(() => this.hand.release(), QUIET)
  }
}

// A number of the formula is held by a part over it: what is inside a formula has no keys.
function over({ element, at }, formula) {
  const parts = formula[at]
  const around = element.offsetParent?.getBoundingClientRect()
  if (!parts?.[0].isConnected || !around) return
  const seen = parts.filter(part => part.getClientRects().length) // of a power of ten that moves, all in one
  if (!seen.length) return
  const [first, last] = [seen[0], seen.at(-1)].map(part => part.getBoundingClientRect())
  element.style.cssText = `left:${first.left - around.left}px;top:${first.top - around.top}px;` +
    `width:${last.right - first.left}px;height:${first.height}px`
}

// The number with which the end that is held stands where the hand is.
function under(live, { name, end }, place) {
  const control = live.controls[name]
  if (control.side) return place
  const { mean } = live.law
  return valueAt(control, Math.max(1e-3, (place - mean) / (endsOf(live, live.law)[end] - mean)))
}

// The number when a hand has moved so many pixels along it.
function scrubbed(control, pixels, perPixel) {
  const { value } = control
  if (control.side) return value + pixels * perPixel
  if (control.square || value === 0) return value + pixels * (control.whole ? 0.1 : 0.01)
  return control.whole && value < 20 ? value + pixels / 12 : value * 2 ** (pixels / DOUBLING)
}
