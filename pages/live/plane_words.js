// What a plane of schemes shows and says of dots that a hand moves: signs and names on the chart, the headline,
// and the numbers of the table, as pages/figures/signal_theory.py and pages/words/signal_theory.py have them.

import { apart, filled, quantity } from "./numbers.js"

const LEAST_DEEP = 0.3 // layers, below which inputs cannot be told apart
const LINE = 22 // pixels from name to name
const FAR_APART = 0.5 // of the plane's width: names further apart share a line

const short = x => quantity(x, 0, 3, true)
const escaped = text => text.replace(/[&<>"']/g, sign => `&#${sign.charCodeAt(0)};`)

// The signs on a chart, or on the copy of it that moves.
export class Signs {
  constructor(plot, cover, plane) {
    const { xaxis, yaxis, annotations } = plot._fullLayout
    Object.assign(this, { xaxis, yaxis, plane, given: plot.layout.annotations })
    this.marks = [...cover.querySelectorAll(".scatterlayer .point")]
    this.labels = new Map()
    for (const group of cover.querySelectorAll(".annotation")) {
      const { index } = group.dataset
      const name = this.given[index].name ?? ""
      if (name.startsWith("dot_")) this.labels.set(Number(name.slice(4)), this.label(group, annotations[index]))
    }
  }

  label(group, { ay }) {
    const [box, text, path] = [".cursor-pointer, .annotation-text-g > g", "text", ".annotation-arrow-g path"].map(found => group.querySelector(found))
    const frame = box.querySelector("rect")
    const [, top] = box.getAttribute("transform").match(/[-\d.]+/g).map(Number)
    const [, , , foot] = path.getAttribute("d").match(/[-\d.]+/g).map(Number)
    return { box, text, path, frame, top: top - foot - ay, pad: frame.width.baseVal.value - text.getBBox().width, line: ay }
  }

  // Where a dot stands on the chart, in pixels; one that lies further out stands at the end.
  placeOf({ sigma_w2, sigma_b2 }) {
    const { xaxis: x, yaxis: y } = this
    const [across, up] = [Math.min(1, sigma_w2 / x.range[1]), Math.min(1, sigma_b2 / y.range[1])]
    return [x._offset + across * x._length, y._offset + (1 - up) * y._length]
  }

  valueOf(x, y) {
    const { xaxis, yaxis } = this
    return [(x - xaxis._offset) / xaxis._length * xaxis.range[1], (1 - (y - yaxis._offset) / yaxis._length) * yaxis.range[1]]
  }

  nameOf({ x, name, named, plain, default: own }) {
    return x === null ? name : x === own ? plain : filled(named, { x: quantity(x, x, 4, true) })
  }

  show(dots) {
    const places = dots.map(({ sigma_w2 }) => Math.min(1, sigma_w2 / this.xaxis.range[1]))
    const lines = linesOf(places)
    const first = Math.max(...[...this.labels.values()].map(({ line }) => line)) // of a name on the lowest line
    for (const [at, dot] of dots.entries()) {
      const [x, y] = this.placeOf(dot)
      this.marks[at].setAttribute("transform", `translate(${x - this.xaxis._offset},${y - this.yaxis._offset})`)
      this.name(this.labels.get(dot.at), dot, x, y, first * (1 + lines[at]), places[at])
    }
  }

  name({ box, text, path, frame, top, pad }, dot, x, y, rise, place) {
    const beyond = dot.sigma_w2 > this.xaxis.range[1] ? " →" : ""
    const words = text.querySelector("tspan") ?? text
    const name = this.nameOf(dot)
    if (words.textContent !== name) words.textContent = name
    const wide = text.getBBox().width + pad
    if (!beyond) frame.setAttribute("width", wide)
    text.setAttribute("x", wide / 2 + 0.5)
    const left = x - (place > 0.75 ? wide : place < 0.25 ? 0 : wide / 2)
    box.setAttribute("transform", `translate(${left},${y + rise + top})`)
    path.setAttribute("d", `M${x},${y + rise}L${x},${y}`)
    path.style.strokeDasharray = "none"
  }
}

// On which line above its dot each name stands, so that near ones do not meet.
function linesOf(places) {
  const lines = []
  for (const [at, place] of places.entries()) {
    const taken = lines.filter((_, other) => Math.abs(places[other] - place) < FAR_APART)
    let line = 0
    while (taken.includes(line)) line++
    lines.push(line)
  }
  return lines
}

// Every number that is written of the dots, by the name of its place, and those that are not known here.
export function numbersOf(dots, theory, plane) {
  const texts = { bias: biasOf(dots[0], plane) }
  const unknown = []
  const edges = new Map() // by σ_b², which is the same for all but those of other widths
  const edgeAt = floor => edges.get(floor) ?? edges.set(floor, theory.edge(floor)).get(floor)
  for (const dot of dots) {
    const deep = dot.deep === null ? "…" : dot.deep < LEAST_DEEP ? "&lt;1" : short(dot.deep)
    const own = { sigma_w2: beside(dot.sigma_w2, edgeAt(dot.sigma_b2)), q: short(dot.q), chi1: apart(dot.chi, 1), inputs: deep, gradients: short(dot.gone) }
    for (const [what, text] of Object.entries({ ...own, phase: plane.words.phases[dot.phase], name: escaped(Signs.prototype.nameOf(dot)) }))
      texts[`${what}_${dot.at}`] = text
    if (dot.deep === null) unknown.push(`inputs_${dot.at}`)
  }
  return { texts, unknown, head: headOf(dots, edgeAt(dots[0].sigma_b2), theory, plane) }
}

const beside = (sigma_w2, edge) => Number.isFinite(edge) ? apart(sigma_w2, edge) : short(sigma_w2)

function biasOf({ sigma_b2 }, { bias, words, sigma_b, dots }) {
  if (sigma_b2 === dots[0].sigma_b2) return filled(words.bias[bias], { x: quantity(sigma_b, sigma_b, 4, true) })
  const x = Math.sqrt(sigma_b2)
  return filled(words.bias[x ? "normal" : "none"], { x: quantity(x, x, 4, true) })
}

// The headline's words: where the edge lies, and on which side of it the first dots are.
function headOf(dots, edge, theory, { words, named, most, steps }) {
  const floor = dots[0].sigma_b2
  const parts = dots.slice(0, named).map(dot =>
    filled(words.parts[dot.phase], { name: Signs.prototype.nameOf(dot), value: beside(dot.sigma_w2, edge) }))
  const leap = Number.isNaN(edge) ? leapOf(theory, most.sigma_w2, steps, floor) : null
  const lead = words.leads[leap === null ? "turns" : leap ? "leaps" : "no_edge"]
  return filled(lead, { floor: short(floor), edge: leap ? short(leap) : edgeText(edge, dots) }) + words.colon + parts.join(words.listed) + words.stop
}

// The edge, written so that it can be told from the dot that lies next to it.
function edgeText(edge, dots) {
  const near = dots.map(({ sigma_w2 }) => sigma_w2).reduce((a, b) => Math.abs(b - edge) < Math.abs(a - edge) ? b : a)
  return Math.abs(near - edge) < 1e-2 * edge ? apart(edge, near) : short(edge)
}

// The least σ_w² at which χ₁ is above 1, to 3 digits, sought first in steps across the map; 0 if none.
function leapOf(theory, most, steps, floor) {
  const chaotic = spread => spread * theory.steep(theory.rest({ spread, floor }, 0)) > 1
  const across = Array.from({ length: steps - 1 }, (_, step) => most * (step + 1) / (steps - 1))
  const first = across.findIndex(chaotic)
  if (first < 0) return 0
  let high = across[first]
  let low = first ? across[first - 1] : 1e-200 * high
  while (high > 1.0005 * low) {
    const middle = Math.sqrt(low) * Math.sqrt(high)
    if (chaotic(middle)) high = middle
    else low = middle
  }
  return high
}

// A headline as pages/words/common.py has it: Chinese breaks after its punctuation, and indices stand low.
export function headline(text) {
  const parts = text.split(/(?<=[，：；。？])/).filter(Boolean).map(escaped)
  const broken = parts.length > 1 ? parts.map(part => `<span>${part}</span>`) : parts
  return broken.join("").replace(/σ_([wb])/g, "σ<sub>$1</sub>")
}
