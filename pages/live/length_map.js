// The length map and the lengths by layer beside a plane of schemes, which follow a hand on the plane: a copy of the
// chart that stands, as pages/figures/signal_theory.py draws it, in which lines and signs are written anew.

const ENDS = [Math.log(1e-37), Math.log(1e38)] // further out, lines are drawn to there

const between = (x, [least, most]) => Math.min(most, Math.max(least, x))

export class Lengths {
  constructor(plot, cover, theory) {
    const { xaxis: x, yaxis: y, xaxis2: layers } = plot._fullLayout
    Object.assign(this, { x, y, layers, theory })
    const traces = plot._fullData.map(trace => ({ at: trace.x, group: cover.querySelector(`.trace${trace.uid}`) }))
    const [rests, lasts] = traces.splice(-2).map(({ group }) => [...group.querySelectorAll(".point")])
    this.ways = rests.map((rest, at) => ({ rest, last: lasts[at], map: traces[2 * at + 1], course: traces[2 * at + 2] }))
  }

  // Each scheme's map, where it rests, its lengths by layer, and the last of them.
  show(dots) {
    for (const [at, { given, q }] of dots.entries()) {
      const { map, rest, course, last } = this.ways[at]
      line(map, before => this.across(Math.log(before)), before => this.up(this.theory.next(given, Math.log(before))))
      sign(rest, this.across(Math.log(q)), this.up(Math.log(q)), this.x, this.y)
      const logs = this.theory.course(given, course.at.at(-1))
      line(course, layer => this.along(layer), layer => this.up(logs[layer - 1]))
      sign(last, this.along(logs.length), this.up(logs.at(-1)), this.layers, this.y)
    }
  }

  across(log) {
    return share(log, this.x) * this.x._length
  }

  up(log) {
    return (1 - share(log, this.y)) * this.y._length
  }

  along(layer) {
    const [first, last] = this.layers.range
    return (layer - first) / (last - first) * this.layers._length
  }
}

const share = (log, { range: [low, high] }) => (between(log, ENDS) / Math.LN10 - low) / (high - low)

function line({ at, group }, x, y) {
  group.querySelector(".js-line").setAttribute("d", "M" + Array.from(at, one => `${x(one).toFixed(2)},${y(one).toFixed(2)}`).join("L"))
}

// A sign, which is not seen where it would lie beyond its axes.
function sign(point, x, y, across, up) {
  const isSeen = x >= 0 && x <= across._length && y >= 0 && y <= up._length
  point.setAttribute("display", isSeen ? "inline" : "none")
  point.setAttribute("transform", `translate(${x},${y})`)
}
