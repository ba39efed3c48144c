// A network's drawing that moves: a copy of the one that stands, in which lines, circles and numbers are written
// anew as pages/figures/model.py draws them. Only what can change is touched.

import { filled, quantity } from "./numbers.js"
import { axesAt } from "./moving_histogram.js"

const SVG = "http://www.w3.org/2000/svg"

// Where the drawing has its units and what joins them, in pixels of the chart.
export class Places {
  // `sizes` are the units of the columns, the input's first.
  constructor(plot, sizes, gap) {
    const { xaxis: x, yaxis: y } = axesAt(plot, 0)
    Object.assign(this, { x, y, sizes, gap })
    this.circles = circlesOf(plot)
  }

  // The places before offsets, as Plotly draws within its axes.
  across(column) {
    return (column - this.x.range[0]) / (this.x.range[1] - this.x.range[0]) * this.x._length
  }

  down(column, unit) {
    const units = this.sizes[column]
    const height = 0.5 + Math.min(this.gap, 1 / Math.max(units - 1, 1)) * ((units - 1) / 2 - unit)
    const [low, high] = this.y.range
    return (1 - (Number(height.toFixed(4)) - low) / (high - low)) * this.y._length
  }

  unit(column, unit) {
    return [this.x._offset + this.across(column), this.y._offset + this.down(column, unit)]
  }

  // How many pixels lie between two units of a column.
  between(column) {
    return this.sizes[column] > 1 ? this.down(column, 1) - this.down(column, 0) : this.y._length
  }

  radius(column) {
    return this.circles[column].marker.size / 2
  }
}

// The traces that are units: their circles may lie over the edge.
export const circlesOf = plot => plot._fullData.filter(({ cliponaxis }) => cliponaxis === false)

// The lines of a layer that are drawn: its largest weights, and those set by hand; [unit, input] each, from 0.
export function strongest({ weight, inputs }, most, byHand) {
  const order = [...weight.keys()].sort((a, b) => Math.abs(weight[b]) - Math.abs(weight[a]) || a - b)
  const chosen = new Set([...order.slice(0, most), ...byHand.map(([unit, input]) => unit * inputs + input)])
  return [...chosen].sort((a, b) => a - b).map(at => [Math.floor(at / inputs), at % inputs])
}

export class Drawing {
  // `live` is what the page has told; `layers` are those of the chart that stands.
  constructor(plot, cover, live, places, layers) {
    Object.assign(this, { live, places })
    const trace = ({ uid }) => cover.querySelector(`.trace${uid}`)
    this.columns = circlesOf(plot).map(trace).map(group => ({
      circles: [...group.querySelectorAll("path.point")],
      values: [...group.querySelectorAll(".textpoint text")].map(text => text.lastElementChild.querySelector("tspan")),
    }))
    this.numbers = numbersOf(plot._fullData.filter(({ mode }) => mode === "text").map(trace), layers)
    this.legend = [...cover.querySelectorAll(".xtitle tspan.line, .xtitle:not(:has(tspan))")]
    const clip = cover.querySelector(".js-line")?.getAttribute("clip-path")
    for (const line of cover.querySelectorAll(".js-line")) line.remove()
    this.lines = document.createElementNS(SVG, "g")
    if (clip) this.lines.setAttribute("clip-path", clip)
    cover.querySelector(".scatterlayer").prepend(this.lines)
  }

  // The row x, the layers with their weights, what each makes of the row, which weights are set by hand,
  // and the legend, with {largest} in it.
  show({ x, layers, steps, byHand, legend }) {
    const largest = Math.max(...layers.map(({ weight }) => largestOf(weight))) || 1
    this.lines.replaceChildren(...layers.flatMap((layer, at) => this.drawn(layer, at, largest, byHand[at])))
    for (const [at, values] of [x, ...steps.map(({ a }) => a)].entries()) this.units(at, values)
    for (const [at, layer] of layers.entries()) this.write(this.numbers[at], layer.weight)
    const words = filled(legend, { largest: quantity(largest, largest) }).split("<br>")
    if (this.legend.length === words.length) words.forEach((line, at) => { this.legend[at].textContent = line })
  }

  drawn(layer, at, largest, byHand) {
    const { look, most } = this.live
    const lines = strongest(layer, most, byHand).map(([unit, input]) => {
      const weight = layer.weight[unit * layer.inputs + input]
      const share = Number.isFinite(weight) ? Math.abs(weight) / largest : 1
      return { unit, input, sign: weight > 0 ? 1 : -1, width: weight ? Math.round(share * (look.widths.length - 1)) : -1 }
    })
    const thin = lines.length <= most / 4 ? 1 : look.thin
    return lines.sort((a, b) => a.width - b.width || a.sign - b.sign).map(line => this.line(line, at, thin))
  }

  line({ unit, input, sign, width }, at, thin) {
    const { places, live: { look } } = this
    const path = document.createElementNS(SVG, "path")
    const [from, to] = [[at, input], [at + 1, unit]].map(([column, row]) =>
      [places.across(column), places.down(column, row)].map(pixels => pixels.toFixed(2)).join())
    path.setAttribute("d", `M${from}L${to}`)
    const pixels = width < 0 ? 1 : thin * look.widths[width]
    path.style.cssText = `fill:none;stroke:${width < 0 ? look.rule : sign > 0 ? look.positive : look.negative};stroke-width:${pixels * look.times}px`
    if (sign < 0 && width >= 0) path.style.strokeDasharray = look.dash.map(part => `${(part * look.times).toPrecision(3)}px`).join()
    return path
  }

  units(at, values) {
    const { circles, values: texts } = this.columns[at]
    const reach = Math.max(...[...values].filter(Number.isFinite).map(Math.abs), 0) || 1
    circles.forEach((circle, unit) => {
      circle.style.fill = this.tint(values[unit], reach)
      if (texts[unit]) texts[unit].textContent = brief(values[unit])
    })
  }

  // The colour of a value's sign, the stronger the larger it is within its layer, in as many steps as the chart has.
  tint(value, reach) {
    const { look } = this.live
    const share = Number.isFinite(value) ? look.tint * Math.round(look.shades * Math.abs(value) / reach) / look.shades : 0
    const [paper, end] = [look.paper, value < 0 ? look.negative : look.positive].map(parts)
    return `rgb(${paper.map((part, at) => Math.round(part + share * (end[at] - part))).join()})`
  }

  // The numbers on the lines of a layer, where it has any.
  write(texts, weight) {
    const { look } = this.live
    texts?.forEach((text, at) => {
      text.textContent = brief(weight[at])
      text.style.fill = weight[at] > 0 ? look.positive : weight[at] < 0 ? look.negative : look.ink2
    })
  }
}

// Each layer's numbers by the place of their weight: as drawn, those of one sign stand together.
function numbersOf(traces, layers) {
  const texts = traces.flatMap(trace => [...trace.querySelectorAll(".textpoint text")])
  if (texts.length !== layers.reduce((n, { weight }) => n + weight.length, 0)) return []
  return layers.map(({ weight }) => {
    const found = []
    for (const sign of [1, -1, 0])
      for (const at of weight.keys()) if (Math.sign(weight[at]) === sign) found[at] = texts.shift()
    return found
  })
}

// Whether no number on a line lies on another or on a circle. Of a text's box, digits take the middle.
export function isClear(plot) {
  const numbers = [...plot.querySelectorAll(".textpoint text[style*=shadow]")].map(text => text.getBoundingClientRect())
    .map(({ left, right, top, bottom, height }) => ({ left, right, top: top + 0.22 * height, bottom: bottom - 0.22 * height }))
  const circles = [...plot.querySelectorAll("path.point")].filter(({ style }) => style.opacity !== "0")
    .map(circle => circle.getBoundingClientRect())
  const touches = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
  const isIn = (number, { x, y, width }) => {
    const middle = [x + width / 2, y + width / 2]
    const [across, down] = [[number.left, number.right], [number.top, number.bottom]]
      .map(([low, high], at) => Math.max(low - middle[at], 0, middle[at] - high))
    return Math.hypot(across, down) < width / 2
  }
  return numbers.every((number, at) =>
    !circles.some(circle => isIn(number, circle)) && !numbers.slice(at + 1).some(other => touches(number, other)))
}

const largestOf = weight => weight.reduce((most, one) => Math.max(most, Math.abs(one)), 0)

const parts = colour => [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16))

// A number in little room: with three digits.
export function brief(value) {
  if (Number.isFinite(value)) return quantity(value, 0, 3)
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "−inf"
}
