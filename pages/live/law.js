// What follows from a number that a hand moves: the law, how many weights there are, and the weights.

import { inFormula, quantity } from "./numbers.js"
import { Stream, linspace, numbersAfter, summarize, weigh } from "./torch_draws.js"

export const MOST = 2 ** 20 // weights that are drawn here
const FEW = 64 // weights that can be shown one by one
const EDGE_SIGMAS = 5 // how far the bins of a normal law reach

const width = (control, x) => (control.square ? 1 + x * x : x + control.plus) ** control.power

// The number with which the law is so many times as wide as it stands.
export function valueAt(control, times) {
  const base = (times * width(control, control.value)) ** (1 / control.power)
  return control.square ? Math.sqrt(Math.max(0, base - 1)) : base - control.plus
}

// A number as it is written beside a chart; the largest may have a name, as √5.
export function spelled(control, x) {
  if (x === control.most && control.most_name) return control.most_name
  return control.digits ? quantity(x, x, control.digits, true) : inFormula(x)
}

// The number nearest to x that a hand can set.
export function snapped(control, x) {
  const inside = Math.min(control.most, Math.max(control.least, x))
  if (inside === control.most || inside === control.least) return inside
  return control.whole ? Math.round(inside) : Number(inside.toPrecision(3))
}

// The law with one number changed, and how many times as wide it is.
export function lawWith(live, name, value) {
  const { law } = live
  const control = live.controls[name]
  if (!control) return { ...law, times: 1 }
  if (control.side === "mean") return { ...law, mean: value, times: 1 }
  if (control.side) {
    const [low, high] = control.side === "low" ? [value, law.high] : [law.low, value]
    const times = (high - low) / (law.high - law.low)
    return { low, high, mean: (low + high) / 2, std: law.std * times, times }
  }
  const times = width(control, value) / width(control, control.value)
  const moved = end => end === null ? null : law.mean + (end - law.mean) * times
  return { low: moved(law.low), high: moved(law.high), mean: law.mean, std: law.std * times, times }
}

// How many times as wide the bounds that lie over the weights are, with one number changed; null if nobody knows.
export function overWith({ over, controls }, name, value) {
  const how = over?.follows[name]
  if (how === undefined) return 1
  return how && width(how, value) / width(how, controls[name].value)
}

export function shapeWith(live, name, value) {
  const [outputs, inputs, ...rest] = live.shape
  if (!live.linear) return live.shape
  return [name === "fan_out" ? value : outputs, name === "fan_in" ? value : inputs, ...rest]
}

export function sizeWith(live, name, value) {
  return live.linear ? shapeWith(live, name, value).reduce((n, side) => n * side) : live.n
}

// The words that go with a law: as a mean leaves 0 or comes to it, others.
export const wordsOf = ({ words, law: { mean } }, law) => (mean === 0) === (law.mean === 0) ? words : { ...words, ...words.across_zero }

// Where the ends of a law are held: its walls, or else the yardstick.
export function endsOf(live, law) {
  const reach = live.sigmas * law.std
  return { low: law.low ?? law.mean - reach, high: law.high ?? law.mean + reach }
}

// The weights of one layer, drawn again and again from numbers that are drawn once.
export class Weights {
  constructor() {
    this.memory = new Float32Array(0)
    this.streams = {}
  }

  // The numbers of a family; `buffers` are what a worker has drawn of them.
  use(family, seed, buffers) {
    if (this.streams[family]?.seed !== seed) this.streams[family] = new Stream(family, seed, buffers)
    return this.streams[family]
  }

  // The summary of n weights and its edges; null where torch draws what is not drawn here.
  summary(live, law, n, seed) {
    if (!live.drawn || n > MOST) return null
    const numbers = live.before ? numbersAfter(live.before, live.family, seed, n) : this.use(live.family, seed).numbers(n)
    const { low, high } = endsOf(live, law)
    const uniform = live.family === "uniform"
    const reach = EDGE_SIGMAS * law.std
    const edges = uniform ? linspace(low, high, live.bins) : linspace(law.mean - reach, law.mean + reach, live.bins)
    const exact = uniform ? { family: "uniform", low, high } : { family: "normal", mean: law.mean, std: law.std }
    const band = uniform ? [low, high].map(Math.fround) : [low, high] // as the dtype rounds a wall
    if (this.memory.length < n) this.memory = new Float32Array(n)
    const weights = weigh(exact, numbers, this.memory)
    return { edges, ...summarize(weights, edges, [band]), few: n <= FEW ? [...weights] : null }
  }
}
