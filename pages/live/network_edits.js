// The numbers of a network and of the row that is followed: as drawn, with those that are set by hand, and with
// one more that a hand holds. A place is [row, feature] of the input or [layer, unit, input], from 1.

import { drawn, forward } from "./network_forward.js"

const { fround } = Math

export const isWeight = place => place.length === 3
export const same = (a, b) => a.join() === b.join()
export const written = edits => edits.map(([place, value]) => `${isWeight(place) ? "w" : "x"}${place.join(".")}=${value}`).join()

export class Edits {
  // `told` is what the page has told; `before` the numbers of an earlier run, which may be of the same network.
  constructor(told, before) {
    Object.assign(this, { told, edits: told.edits })
    this.key = JSON.stringify([told.seed, told.layers, told.inputs, told.given])
    this.drawn = before?.key === this.key ? before.drawn : drawn(told)
    this.settled = this.computed(this.edits)
  }

  // These numbers set, and one more; one that is as it was drawn is none.
  with(place, value) {
    const others = this.edits.filter(([other]) => !same(other, place))
    return fround(value) === this.asDrawn(place) ? others : [...others, [place, value]]
  }

  asDrawn(place) {
    const [numbers, at] = spot(place, this.drawn, this.told.x)
    return fround(numbers[at])
  }

  isFull(place) {
    return this.edits.length >= this.told.most_edits && !this.edits.some(([other]) => same(other, place))
  }

  // The layers and the row with these numbers set, what each layer makes of it, and which weights are set.
  computed(edits) {
    const layers = this.drawn.map(one => ({ ...one, weight: one.weight.slice() }))
    const x = Float32Array.from(this.told.x)
    for (const [place, value] of edits) {
      if (!isWeight(place) && place[0] !== this.told.row) continue
      const [numbers, at] = spot(place, layers, x)
      numbers[at] = value
    }
    const byHand = layers.map((_, at) => edits.filter(([place]) => isWeight(place) && place[0] === at + 1)
      .map(([[, unit, input]]) => [unit - 1, input - 1]))
    const at = place => {
      const [numbers, index] = spot(place, layers, x)
      return numbers[index]
    }
    return { layers, x, steps: forward(layers, x), byHand, at }
  }
}

// Where a number stands: in a layer's weight, or in the row.
function spot(place, layers, x) {
  if (!isWeight(place)) return [x, place[1] - 1]
  const { weight, inputs } = layers[place[0] - 1]
  return [weight, (place[1] - 1) * inputs + place[2] - 1]
}

// From where to where a number can be moved, and its steps: at least twice as far as any beside it lies.
export function rangeOf(place, value, { drawn, told }) {
  const numbers = isWeight(place) ? drawn[place[0] - 1].weight : told.x
  const most = numbers.reduce((all, one) => Math.max(all, Math.abs(one)), Math.abs(value))
  const end = ceiled(Math.min(1e30, Math.max(2 * most || 1, isWeight(place) ? 0 : 3)))
  return { end, unit: 10 ** (Math.floor(Math.log10(end)) - 2) }
}

function ceiled(x) {
  const size = 10 ** Math.floor(Math.log10(x))
  return Number((Math.ceil(x / size - 1e-9) * size).toPrecision(1))
}

// The number nearest to x that a hand can set.
export function snapped(x, { end, unit }) {
  const inside = Math.min(end, Math.max(-end, x))
  return Number((Math.round(inside / unit) * unit).toPrecision(12)) + 0
}
