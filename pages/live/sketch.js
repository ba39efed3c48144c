// A guess on empty axes: bars that a pointer or the arrow keys raise. The server hears of them when a hand lets go.

import { dragged } from "./pointer.js"
import { filled, quantity } from "./numbers.js"

const STEP = 5 // percent of the height, by a key
const QUIET = 350 // milliseconds after the last key, until it is as if a hand had let go
const sketched = new Map() // what was drawn, by the result that it is a guess of

let tell = () => {}
let quiet = 0

export function follow(_, send) {
  tell = send
  attach()
}

export function attach() {
  const axes = document.querySelector("[data-lab-sketch]")
  if (!axes || axes.childElementCount) return
  const { labSketch: token, bars: n, reach } = axes.dataset
  if (!sketched.has(token)) sketched.set(token, new Array(Number(n)).fill(0))
  const one = { axes, token, reach: Number(reach), bars: sketched.get(token), at: n >> 1 }
  for (let bar = 0; bar < n; bar++) axes.append(document.createElement("i"))
  axes.addEventListener("pointerdown", event => down(event, one))
  axes.addEventListener("keydown", event => key(event, one))
  axes.addEventListener("focus", () => draw(one))
  axes.addEventListener("blur", () => draw(one))
  draw(one)
}

function draw({ axes, bars, at, reach }) {
  for (const [bar, height] of bars.entries()) {
    axes.children[bar].style.height = `${height}%`
    axes.children[bar].toggleAttribute("data-at", bar === at && axes.matches(":focus-visible"))
  }
  const place = (2 * at + 1 - bars.length) / bars.length * reach
  axes.setAttribute("aria-valuenow", bars[at])
  axes.setAttribute("aria-valuetext", filled(axes.dataset.bar, { place: quantity(place, reach, 4, true), height: bars[at] }))
}

const send = ({ token, bars }) => tell("sketched", { token, bars: [...bars] })

function down(event, one) {
  if (event.button) return
  event.preventDefault()
  clearTimeout(quiet)
  one.axes.focus({ preventScroll: true, focusVisible: false })
  let last = null
  const to = ({ clientX, clientY }) => {
    const { left, top, width, height } = one.axes.getBoundingClientRect()
    const within = (share, most) => Math.min(most, Math.max(0, share))
    const bar = Math.floor(within((clientX - left) / width * one.bars.length, one.bars.length - 1))
    const tall = Math.round(100 * within(1 - (clientY - top) / height, 1))
    last ??= { bar, tall }
    const steps = Math.abs(bar - last.bar) // a quick hand passes bars between two of its places
    for (let step = 0; step <= steps; step++) {
      const share = steps ? step / steps : 1
      one.bars[last.bar + Math.sign(bar - last.bar) * step] = Math.round(last.tall + share * (tall - last.tall))
    }
    last = { bar, tall }
    one.at = bar
    draw(one)
  }
  to(event)
  dragged(event, one.axes, to, () => send(one))
}

function key(event, one) {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const { bars } = one
  const across = { ArrowLeft: -1, ArrowRight: 1, Home: -bars.length, End: bars.length }[event.key]
  const up = { ArrowUp: STEP, ArrowDown: -STEP }[event.key]
  if (across) one.at = Math.min(bars.length - 1, Math.max(0, one.at + across))
  else if (up) bars[one.at] = Math.min(100, Math.max(0, bars[one.at] + up))
  else if (event.key === "Delete" || event.key === "Backspace") bars.fill(0)
  else return
  event.preventDefault()
  draw(one)
  clearTimeout(quiet)
  const here = location.href // who has gone on to another page takes no run along
  quiet = setTimeout(() => location.href === here && send(one), QUIET)
}
