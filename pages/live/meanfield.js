// Wide layers' theory at any variances, from tables of an activation's means over the length q (core.signals):
// where lengths come to rest, χ₁ there, how deep inputs can be told apart, and where the edge of chaos lies.
// What is looked up between rows of a table has 6 digits or more.

const NEAR = 8 // rows of a table that a number between two of them is made of
const HELD = 1e-7 // a length that moves by less of itself counts as fixed
const ROUNDING = 1e-12
const DIP = 0.1 // a move that may be the least of those around it
const GOLDEN = (Math.sqrt(5) - 1) / 2
const NEARLY = 1e-5
const EDGE = 1e-6 // χ₁ this close to 1 is on the edge
const FOR_EVER = Math.log(1e20) // how far a fixed point is sought
const LEAST = Math.log(1e-290) // the smallest length that is followed
const FAR = 1000 // how many times a gradient changes until it is gone

const bytes = text => Uint8Array.from(atob(text), one => one.charCodeAt(0)).buffer

// Rows of so many numbers at evenly spaced places of ln q, the first at `low`. Beyond its ends a table goes on
// to its limits as it came, or straight on where it has none.
class Table {
  constructor({ low, step, rows, columns = 1, limits = [], single = false }) {
    const values = single ? new Float32Array(bytes(rows)) : new Float64Array(bytes(rows))
    const count = values.length / columns
    Object.assign(this, { low, step, columns, values, limits, count, high: low + (count - 1) * step })
  }

  at(place, column = 0) {
    const { count, columns, values } = this
    const s = (place - this.low) / this.step
    const row = at => values[at * columns + column]
    if (s <= 0) return this.beyond(row(0), row(1), -s, this.limits[0])
    if (s >= count - 1) return this.beyond(row(count - 1), row(count - 2), s - count + 1, this.limits[1])
    const first = Math.min(count - NEAR, Math.max(0, Math.floor(s) - NEAR / 2 + 1))
    let sum = 0
    for (let a = 0; a < NEAR; a++) {
      let share = row(first + a)
      for (let b = 0; b < NEAR; b++) if (b !== a) share *= (s - first - b) / (a - b)
      sum += share
    }
    return sum
  }

  beyond(last, before, steps, limit) {
    if (!Number.isFinite(limit)) return last + steps * (last - before)
    const nearer = before === limit ? 0 : (last - limit) / (before - limit)
    return limit + (last - limit) * Math.min(1, Math.max(0, nearer)) ** steps
  }
}

// The place between two others, where a function has different signs, at which it is 0.
function root(f, low, high) {
  const up = f(high) > 0
  for (let halved = 0; halved < 60; halved++) {
    const middle = (low + high) / 2
    if (f(middle) > 0 === up) high = middle
    else low = middle
  }
  return (low + high) / 2
}

// Where a function that falls and rises between two places is lowest, by golden section.
function lowest(f, low, high) {
  for (let cut = 0; cut < 40; cut++) {
    const part = GOLDEN * (high - low)
    if (f(high - part) < f(low + part)) high = low + part
    else low = high - part
  }
  return (low + high) / 2
}

export class Theory {
  // By ln q, `ratio` is ln(E[φ²]/q) and `slope` ln E[φ′²]. Of two inputs of correlation 1 − t², whose φ differ by d,
  // `gaps` is ln(−g/t), where g = ln(E[d²]/2t²q) − `slope`, at the places `t`. `near` is what stands at q = 0,
  // and `far` where q has no end.
  constructor({ ratio, slope, gaps, t, near, far }) {
    Object.assign(this, { t, near, far: { ...far, slope: far.slope ?? NaN }, ratio: new Table(ratio), slope: new Table(slope) })
    this.gaps = gaps && new Table({ ...gaps, columns: t.length, single: true })
    this.stride = this.ratio.step / 2
  }

  // By what share of itself a length moves in a layer.
  excess({ spread, floor }, log) {
    return spread * Math.exp(this.ratio.at(log)) + floor * Math.exp(-log) - 1
  }

  // ln of the next layer's q.
  next({ spread, floor }, log) {
    if (log === Infinity) return log
    const square = log === -Infinity ? this.near.square : Math.exp(this.ratio.at(log) + log)
    return Math.log(spread * square + floor)
  }

  // ln q of each of so many layers, the first of which `start` is.
  course(given, depth) {
    const logs = [Math.log(given.start)]
    while (logs.length < depth) logs.push(this.next(given, logs.at(-1)))
    return logs
  }

  // ln q*, to which lengths come from ln `start`: the nearest at which they stay, on the way that they go.
  rest(given, start) {
    if (!given.spread) return Math.log(given.floor)
    const first = Math.max(LEAST, start)
    const begins = this.excess(given, first)
    if (Math.abs(begins) < HELD) return start
    const way = Math.sign(begins)
    const moves = log => way * this.excess(given, log)
    const stride = way * this.stride
    const end = way * (FOR_EVER + Math.max(0, way * first))
    let [before, last, at] = [Infinity, Infinity, first] // the last two moves, and where the last was onwards
    for (let next = first; (end - next) * way > 0; next += stride) {
      const now = moves(next)
      if (now < -ROUNDING) return root(moves, at, next)
      if (last < DIP && last < now && last <= before) { // two fixed points close together may hide between two steps
        const from = next - stride === first ? first : next - 2 * stride
        const low = lowest(moves, from, next)
        if (moves(low) < -ROUNDING) return root(moves, from, low)
      }
      [before, last] = [last, now]
      if (now > 0) at = next
    }
    return way * Infinity
  }

  // E[φ′²] at ln q.
  steep(log) {
    return Number.isFinite(log) ? Math.exp(this.slope.at(log)) : log < 0 ? this.near.slope : this.far.slope
  }

  // Where lengths that begin at `start` lead: q*, χ₁, the phase, and the layers in which inputs become alike
  // (null where that is not known here) and gradients change FAR times.
  stand({ spread, floor, start }) {
    const log = this.rest({ spread, floor }, Math.log(start))
    const q = Math.exp(log)
    const chi = spread * this.steep(log)
    const phase = Math.abs(Math.log(chi)) <= EDGE ? "edge" : chi > 1 ? "chaotic" : "ordered"
    const gone = phase === "edge" ? Infinity : chi > 0 ? 2 * Math.log(FAR) / Math.abs(Math.log(chi)) : 0
    const depth = q > 0 ? this.depth(log, chi, phase) : NaN
    return { q, chi, phase, gone, deep: depth === null ? null : 6 * depth }
  }

  // ξ of the correlation map at its fixed point: c* = 1 in order, and below 1 in chaos.
  depth(log, chi, phase) {
    if (log === Infinity) return this.far.joins ? Infinity : NaN
    if (phase === "edge") return Infinity
    if (phase === "ordered") return chi > 0 ? -1 / Math.log(chi) : 0
    if (!this.gaps || log < this.gaps.low || log > this.gaps.high) return null
    const slope = this.apart(log, chi)
    return slope > 0 ? -1 / Math.log(slope) : 0
  }

  // The slope of the correlation map at c* = 1 − t² < 1. There 1 − c is kept, so that χ₁·e^g(t) is 1. E[φ′φ′] is
  // the derivative of E[φφ] by c, from which the slope is 1 + t·g′(t)/2.
  apart(log, chi) {
    const shares = this.t.map((_, column) => -Math.exp(this.gaps.at(log, column)))
    const missing = t => t * this.between(shares, t)[0] + Math.log(chi)
    const t = missing(1) < 0 ? root(missing, 0, 1) : 1
    const [share, rise] = this.between(shares, t)
    return 1 + t * (share + t * rise) / 2
  }

  // The polynomial through these values at the places `t`, and its derivative, at x.
  between(values, x) {
    let [value, rise] = [0, 0]
    for (const [a, place] of this.t.entries()) {
      let [product, slope] = [values[a], 0]
      for (const [b, other] of this.t.entries()) {
        if (b === a) continue
        slope = (slope * (x - other) + product) / (place - other)
        product *= (x - other) / (place - other)
      }
      value += product
      rise += slope
    }
    return [value, rise]
  }

  // The least σ_w² at which χ₁ is 1 where lengths come to from 1, as core.signals.settling has it; NaN where none.
  edge(floor) {
    const far = this.far.slope
    const slopes = floor === 0 && this.near.square === 0 ? [far, this.near.slope] : [far]
    const missing = log => 1 - Math.exp(this.ratio.at(log) - this.slope.at(log)) - floor * Math.exp(-log)
    for (let log = this.ratio.low; log < this.ratio.high; log += this.stride) {
      const [here, next] = [missing(log), missing(log + this.stride)]
      if (here < 0 !== next < 0 && Math.max(Math.abs(here), Math.abs(next)) > ROUNDING)
        slopes.push(this.steep(root(missing, log, log + this.stride)))
    }
    for (const slope of slopes.filter(slope => slope > 0 && slope < Infinity).sort((a, b) => b - a))
      if (this.turns(slope, floor)) return 1 / slope
    return NaN
  }

  // Whether χ₁ comes to 1 as σ_w² grows to 1/slope. Where lengths have no end there, it must come from below.
  turns(slope, floor) {
    const reached = share => this.rest({ spread: share / slope, floor }, 0)
    const log = reached(1)
    if (log < Infinity) return Math.abs(this.steep(log) / slope - 1) < NEARLY
    const before = reached(1 - 1e-4)
    return slope === this.far.slope && before < Infinity && (1 - 1e-4) * this.steep(before) < slope
  }
}
