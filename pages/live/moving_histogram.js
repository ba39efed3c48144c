// A chart of weights that moves: a copy of the one that stands, laid over it, so that type, theme and size are
// the same, and letting go needs no more than taking it away. Only paths and places in it are written anew.
// In the copy there is a picture of each law: one, or one in each of several panels.

import { wordsOf } from "./law.js"
import { filled, quantity, interval } from "./numbers.js"

const BARS = 0
const BAND = [1, 2]
const LINE = 14 // pixels that a name keeps from the foot of the plot, and lines from its top
const TWO_SIDED = 1.959964 // standard deviations within which 95 % of a normal law lie
const FEW = 30 // expected weights in a bin, up to which their binomial law is added up
const CROWDED = 0.55 // of the plot: a law that is narrower has its labels outside

// The copy, laid over the chart.
export function copyOf(plot, layer) {
  const cover = document.createElement("div")
  cover.className = "js-plotly-plot lab-stood lab-moving"
  const inner = document.createElement("div")
  inner.className = "plotly"
  cover.append(inner)
  cover.style.background = plot._fullLayout.paper_bgcolor
  cover.style.height = `${plot.offsetHeight}px` // it may reach below its room
  for (const svg of plot.querySelectorAll(".svg-container > .main-svg")) inner.append(svg.cloneNode(true))
  layer.append(cover)
  return cover
}

// The axes of the panel at a place. What Plotly keeps beside a chart: see docs/insides.md.
export function axesAt(plot, at) {
  const { xaxis, ...others } = plot._fullLayout
  return { xaxis, yaxis: others[at ? `yaxis${at + 1}` : "yaxis"] }
}

export class Picture {
  // `live` is what is known of the law in the panel at place `at`; `isFitted` where each law fills its panel.
  constructor(plot, cover, live, at = 0, isFitted = false) {
    const { xaxis: x, yaxis: y } = axesAt(plot, at)
    const traces = plot._fullData.filter(({ yaxis }) => yaxis === y._id)
    Object.assign(this, { plot, cover, live, at, isFitted })
    this.left = x._offset
    this.top = y._offset
    this.width = x._length
    this.height = y._length
    this.range = x.range.slice()
    this.xaxis = { range: this.range, _offset: x._offset, _length: x._length } // as they stay while it moves
    this.yaxis = { _offset: y._offset, _length: y._length }
    this.times = plot._fullLayout.font.size / 14 // the chart itself may have gone while its copy moves
    this.perPixel = (x.range[1] - x.range[0]) / x._length
    this.lines = this.parts(".shapelayer path", "shapes")
    this.labels = this.parts(".annotation", "annotations")
    if (live.law.std === 0 || traces.length < 2) return // single values, which stay
    this.counts = traces[BARS].y.slice(1, -1)
    this.hasBand = traces.length > 3 && live.family !== "other"
    this.bins = this.counts.length
    // counts that reach the top of the panel, and what makes densities of them
    this.full = y.range[1]
    this.unit = live.n * traces[BARS].dx
    this.rise = 1 // how many times as high as densities
    this.allowed = this.hasBand ? BAND.map(trace => traces[trace].y.slice(0, this.bins)) : null
    const drawn = cover.querySelector(`.subplot.x${y._id} .scatterlayer`).querySelectorAll(":scope > .trace")
    this.fill = drawn[BARS].querySelector(".js-fill")
    this.line = drawn[BARS].querySelector(".js-line")
    this.noise = this.hasBand ? drawn[BAND[0]].querySelector(".js-fill") : null
    this.law = drawn[this.hasBand ? 3 : 1].querySelector(".js-line")
    this.ghost = this.law.cloneNode()
    this.ghost.classList.add("lab-ghost")
    this.law.parentNode.prepend(this.ghost)
  }

  // What the law moves has a name: "law", "support_low", "support_low_2" in the third panel (pages/figures).
  parts(selector, kind) {
    const parts = [...this.cover.querySelectorAll(selector)].map(element => {
      const { index } = element.dataset
      const [what, side, at] = (this.plot.layout[kind][index].name ?? "").split("_")
      return { element, what, side, at: Number(at ?? 0), given: this.plot._fullLayout[kind][index], text: element.querySelector("text") }
    })
    return parts.filter(({ what, at }) => what && at === this.at)
  }

  x(value) {
    return (value - this.range[0]) / this.perPixel
  }

  y(density) {
    return this.height * (1 - density * this.rise * this.unit / this.full)
  }

  value(pixels) {
    return this.range[0] + (pixels - this.left) * this.perPixel
  }

  // Where a place of the settled chart goes when the law becomes `law`.
  moved(value, law) {
    return law.mean + (value - this.live.law.mean) * law.times
  }

  // `edges` and `counts` are of the weights drawn; without them the grey waits.
  show({ law, over = 1, n, edges, counts, numbers }) {
    if (!this.law) return
    const still = this.live.law
    this.rise = this.isFitted ? law.times : 1
    const lower = this.rise / law.times
    const shift = this.x(law.mean) - law.times * this.x(still.mean)
    const place = `matrix(${law.times} 0 0 ${lower} ${shift} ${this.height * (1 - lower)})`
    this.law.setAttribute("transform", place)
    this.law.style.vectorEffect = "non-scaling-stroke"
    if (counts) this.bars(edges, counts, n)
    for (const part of [this.fill, this.line, this.noise]) part?.classList.toggle("lab-waits", !counts)
    const isOver = ({ what }) => what === "over"
    for (const part of this.lines) if (!isOver(part)) this.moveLine(part, law)
    for (const part of this.labels) if (!isOver(part)) this.moveLabel(part, law, numbers)
    for (const part of [...this.lines, ...this.labels].filter(isOver)) this.moveOver(part, over)
  }

  // What lies over the weights, of a law of its own, as it is so many times as wide; it waits where nobody knows.
  moveOver({ element, given, text }, times) {
    const { over } = this.live
    element.classList.toggle("lab-waits", times === null)
    if (!over || times === null) return
    const moved = end => over.mean + (end - over.mean) * times
    if (!text) {
      element.setAttribute("transform", `translate(${this.x(moved(given.x1)) - this.x(given.x1)} 0)`)
      return
    }
    const numbers = over.ends.flatMap((ends, at) => interval(...ends.map(moved)).map((end, side) => [`${side ? "high" : "low"}_${at}`, end]))
    write(text, filled(over.words, Object.fromEntries(numbers)))
  }

  bars(edges, counts, n) {
    const unit = n * (edges[1] - edges[0])
    const first = this.x(edges[0])
    const step = (this.x(edges[this.bins]) - first) / this.bins
    const foot = this.height.toFixed(2)
    const outline = this.steps(counts, first, step, unit)
    const last = (first + this.bins * step).toFixed(2)
    const line = `M${first.toFixed(2)},${foot}V${outline}V${foot}`
    this.line.setAttribute("d", line)
    this.fill.setAttribute("d", `${line}H${last}Z`)
    if (!this.noise) return
    const [low, high] = this.bandOf(n)
    const above = this.steps(high, first, step, unit)
    const below = this.steps([...low].reverse(), first + this.bins * step, -step, unit)
    this.noise.setAttribute("d", `M${first.toFixed(2)},${above}L${last},${below}Z`)
  }

  // "y H x V y H x …": the tops of the bins, one after the other
  steps(counts, first, step, unit) {
    const parts = new Array(this.bins)
    for (let bin = 0; bin < this.bins; bin++)
      parts[bin] = `${this.y(counts[bin] / unit).toFixed(2)}H${(first + (bin + 1) * step).toFixed(2)}`
    return parts.join("V")
  }

  // Between which counts 95 % of the bars should lie, as they are binomial.
  bandOf(n) {
    if (n === this.live.n) return this.allowed
    return [-TWO_SIDED, TWO_SIDED].map(z => this.live.shares.map(share => quantile(n, share, z)))
  }

  // How many bars lie within their band.
  inside(counts, n) {
    if (!this.allowed) return null
    const [low, high] = this.bandOf(n)
    let inside = 0
    for (let bin = 0; bin < this.bins; bin++) inside += counts[bin] >= low[bin] && counts[bin] <= high[bin]
    return inside
  }

  moveLine({ element, what, given }, law) {
    const right = this.left + this.x(this.moved(given.x1, law))
    if (what === "beyond") { // from the chart's edge to the wall
      const left = this.left + this.x(given.x0)
      element.setAttribute("d", `M${left},${this.top + this.height}H${right}V${this.top}H${left}Z`)
    } else element.setAttribute("transform", `translate(${right - this.left - this.x(given.x1)} 0)`)
  }

  moveLabel({ element, what, side, given, text }, law, numbers) {
    if (what === "title") {
      this.began ??= text.getBBox().x // Plotly centres what stands there, as wide as that was
      write(text, filled(this.live.title, numbers))
      element.setAttribute("transform", `translate(${this.began - text.getBBox().x} 0)`)
      return
    }
    let right = this.x(this.moved(given.x, law)) - this.x(given.x)
    let lower = 0
    if (what === "none") right = (this.moved(this.live.law[side], law) - this.live.law[side]) / 2 / this.perPixel
    if (what === "beyond") right += this.outwards(given, text, law)
    if (side && what !== "none") lower = this.lift(given, side, law)
    if (given.yref === "y") lower = this.down(element, what, given, law)
    element.setAttribute("transform", `translate(${right} ${lower})`)
    const all = wordsOf(this.live, law)
    const words = side ? all.ends[what]?.[side] : all[what]
    if (words) write(text, filled(side ? `<b>${words}</b> = {${what}_${side}}` : words, numbers))
  }

  // What stands at a density sinks and rises with the law; its name is not seen where the law leaves the chart.
  down(element, what, given, law) {
    const stood = this.y(given.y / this.unit)
    const at = this.height - (this.height - stood) / law.times
    const least = (given.yshift ?? 0) + 2 * LINE
    element.style.visibility = what === "law" && at < least ? "hidden" : ""
    return Math.min(this.height - LINE, Math.max(least, at)) - stood
  }

  // Ends that come too close to each other have their labels in two lines, as on the chart that stands.
  lift(given, side, law) {
    const apart = 2 * Math.abs(this.x(this.moved(given.x, law)) - this.x(law.mean))
    this.room ??= this.labels.filter(one => one.given.y === 1).reduce((sum, { text }) => sum + text.getBBox().width, LINE)
    return side === "low" && apart < this.room ? Math.min(0, given.yshift - 22 * this.times) : 0
  }

  // The numbers beyond an end stand outside it where the law leaves no room within.
  outwards(given, text, law) {
    this.wide ??= text.getBBox().width
    const apart = 2 * Math.abs(this.x(this.moved(given.x, law)) - this.x(law.mean))
    const inside = given.xanchor === "right"
    if (inside === apart >= CROWDED * this.width) return 0
    return inside ? this.wide + 2 * LINE : -this.wide - 2 * LINE
  }

  // Nothing is known of this law while others move.
  wait() {
    if (!this.law) return
    for (const part of [this.fill, this.line, this.noise, this.law]) part?.classList.add("lab-waits")
    for (const { element } of [...this.lines, ...this.labels]) element.classList.add("lab-waits")
  }
}

// The smallest count that a binomial law reaches with the probability of z under a normal law, 2.5 or 97.5 %.
// Where many are expected, by Cornish and Fisher's (1938) normal approximation, skewness included.
export function quantile(n, share, z) {
  const mean = n * share
  if (mean > FEW) return Math.round(mean + z * Math.sqrt(mean * (1 - share)) + (z * z - 1) * (1 - 2 * share) / 6)
  const goal = z < 0 ? 0.025 : 0.975
  let probability = Math.exp(n * Math.log1p(-share))
  let count = 0
  for (let below = probability; below < goal && count < n; below += probability) {
    probability *= (n - count) / (count + 1) * share / (1 - share)
    count++
  }
  return count
}

// The numbers that a chart's labels show of a law.
export function labelled({ law, sigmas, n, outside, expected, values }) {
  const [low, high] = interval(law.low ?? 0, law.high ?? 0)
  const [under, over] = interval(law.mean - sigmas * law.std, law.mean + sigmas * law.std)
  const density = law.low === null ? 0 : 1 / (law.high - law.low)
  const end = law.high ?? law.mean + sigmas * law.std
  return {
    ...values, n, outside, expected,
    std: quantity(law.std, law.std, 4, true), bound: quantity(end, end, 4, true),
    low: law.low === null ? under : low, high: law.high === null ? over : high,
    support_low: low, support_high: high, coverage_low: under, coverage_high: over,
    density: quantity(density, density, 3),
  }
}

// Bold, italic and new lines of a label, in the elements that Plotly made of them.
function write(text, words) {
  const parts = words.split(/<[^>]+>/).filter(part => part !== "")
  const nodes = []
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) if (walker.currentNode.nodeValue) nodes.push(walker.currentNode) // Plotly makes empty ones too
  if (nodes.length === parts.length) nodes.forEach((node, at) => { node.nodeValue = parts[at] })
}
