// Which weight of a network's drawing is chosen: by a click near its line, by one on its unit, or by keys.

import { strongest } from "./network_drawing.js"

const ALONG = 0.6 // of its line lies a weight's handle: not in the middle, where lines cross
const SVG = "http://www.w3.org/2000/svg"

// The weight, from 1, whose line is nearest to a point and no farther than `near` pixels; null if none is.
export function lineAt([x, y], places, { layers, byHand }, most, near) {
  let [found, best] = [null, near]
  for (const [at, layer] of layers.entries()) {
    const [left] = places.unit(at, 0)
    const [right] = places.unit(at + 1, 0)
    if (x < left || x > right) continue
    for (const [unit, input] of strongest(layer, most, byHand[at])) {
      const [, from] = places.unit(at, input)
      const [, to] = places.unit(at + 1, unit)
      const slope = (to - from) / (right - left)
      const away = Math.abs(y - from - slope * (x - left)) / Math.hypot(1, slope)
      if (away < best) [found, best] = [[at + 1, unit + 1, input + 1], away]
    }
  }
  return found
}

// The strongest weight into the unit whose circle a point lies in; null if it lies in none.
export function unitAt([x, y], places, layers) {
  for (const [at, { units, inputs, weight }] of layers.entries())
    for (let unit = 0; unit < units; unit++) {
      const [left, top] = places.unit(at + 1, unit)
      if (Math.hypot(x - left, y - top) > places.radius(at + 1)) continue
      const own = [...weight.subarray(unit * inputs, (unit + 1) * inputs)].map(Math.abs)
      return [at + 1, unit + 1, own.indexOf(Math.max(...own)) + 1]
    }
  return null
}

// The weight of the next input, or the first of the next unit, and so on through all layers.
export function stepped([at, unit, input], byUnit, way, layers) {
  const { units, inputs } = layers[at - 1]
  if (!byUnit) return [at, unit, (input - 1 + way + inputs) % inputs + 1]
  if (unit + way >= 1 && unit + way <= units) return [at, unit + way, input]
  const next = (at - 1 + way + layers.length) % layers.length
  return [next + 1, way > 0 ? 1 : layers[next].units, Math.min(input, layers[next].inputs)]
}

// A dotted line over that of the chosen weight; without one, a new one.
export function marked(mark, places, chosen) {
  if (!mark) {
    const svg = document.createElementNS(SVG, "svg")
    svg.classList.add("lab-marked")
    svg.setAttribute("aria-hidden", "true")
    svg.append(document.createElementNS(SVG, "line"))
    return svg
  }
  const ends = endsOf(chosen, places)
  for (const [at, name] of ["x1", "y1", "x2", "y2"].entries()) mark.firstChild.setAttribute(name, ends[at])
  return mark
}

// Where a weight's handle lies.
export function onLine(place, places) {
  const [left, top, right, bottom] = endsOf(place, places)
  return [left + ALONG * (right - left), top + ALONG * (bottom - top)]
}

// Where a weight's line leaves one circle, and where it comes to the other.
function endsOf([at, unit, input], places) {
  const [[left, top], [right, bottom]] = [places.unit(at - 1, input - 1), places.unit(at, unit - 1)]
  const [across, down] = [right - left, bottom - top]
  const long = Math.hypot(across, down) || 1
  const [from, to] = [Math.min(places.radius(at - 1) / long, 0.5), 1 - Math.min(places.radius(at) / long, 0.5)]
  return [left + from * across, top + from * down, left + to * across, top + to * down]
}
