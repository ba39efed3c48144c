// What a hand takes hold of: the ends of a law, the numbers of its formula, the seeds. All that follows moves in
// the same frame, in this browser; the server hears of it once, when the hand lets go.

import { Grips, made } from "./grips.js"
import { MOST, Weights, endsOf, lawWith, shapeWith, sizeWith, snapped } from "./law.js"
import { count, expectedCount, filled, inFormula, quantity } from "./numbers.js"
import { Picture, labelled } from "./picture.js"
import { Said, formulaNow } from "./said.js"
import { Seeds } from "./seeds.js"

const PATIENCE = 10_000 // milliseconds for which the server's picture is waited for

const running = () => document.querySelector(".stApp")?.dataset.testScriptState === "running"
const room = () => document.querySelector(".st-key-chart, .st-key-live") // stays, while charts come and go
const chart = () => room()?.querySelector(".js-plotly-plot:not(.lab-stood)")
const isNow = plot => Boolean(live && plot?._fullData) && plot.layout?.meta === live.token

let live = null // what the page has told of its law
let tell = () => {}
let held = null // what is being moved, until the server's picture of it stands
let playing = null
let watched = null
let hinted = false
const weights = new Weights()
const grips = new Grips({ take, move, release, now })
const tools = {}

// --- one frame

function frame() {
  held.asked = 0
  const { name, value, seed, began } = held
  const law = lawWith(began, name, value)
  const n = sizeWith(began, name, value)
  const shape = shapeWith(began, name, value)
  const found = weights.summary(began, law, n, seed)
  const expected = expectedCount(n * began.outside)
  const numbers = numbersOf(law, { n, expected, outside: found ? count(found.outside[0]) : "…" }, { [name]: value })
  held.picture.show({ law, n, edges: found?.edges, counts: found?.counts, numbers })
  held.said.write({ name, value, law, n, shape, seed, found, expected })
  held.frames++
  held.shown = { law, n, shape, seed, found, inside: found && held.picture.inside(found.counts, n) }
  sayInside(held.shown.inside)
  bubble(law)
  place()
}

// The numbers that stand on a chart of `law`.
function numbersOf(law, { n, expected, outside }, moved = {}) {
  const values = {}
  for (const [name, { value }] of Object.entries(live.controls)) values[name] = inFormula(moved[name] ?? value)
  return labelled({ law, sigmas: live.sigmas, n: count(n), outside, expected, values })
}

function bubble(law) {
  const { name, end, value, picture, began } = held
  if (!began.controls[name]) return
  const numbers = { name: began.words.names[name], value: inFormula(value), before: inFormula(began.controls[name].value) }
  const wide = law.times === 1 ? "" : `\n${filled(began.words.wide, { times: quantity(law.times, law.times, 3, true) })}`
  held.bubble ??= made("div", "lab-bubble", room())
  held.bubble.textContent = filled(began.words.was, numbers) + wide
  const across = Math.min(picture.width, Math.max(0, picture.x(endsOf(began, law)[end ?? "high"])))
  const at = picture.left + across
  // outside the law, if there is room
  const [needed, whole] = [held.bubble.offsetWidth + 44, picture.cover.clientWidth]
  const right = across > picture.width / 2 ? whole - at > needed : at < needed
  const side = right ? `left:${at + 22}px` : `right:${whole - at + 22}px`
  held.bubble.style.cssText = `top:${picture.top + picture.height / 2}px;${side}`
}

function place() {
  const axes = chart()?._fullLayout
  if (!live || !axes?.xaxis) return
  grips.place(held?.began ?? live, held?.shown?.law ?? live.law, held?.picture ?? axes, held?.said.formula ?? formulaNow())
}

// --- taking hold and letting go

function take(name, end) {
  if (held && !held.released && held.name === name) return { live: held.began, picture: held.picture }
  if (held) settle()
  const picture = new Picture(chart(), room(), live)
  const value = live.controls[name]?.value
  held = { name, end, value, seed: live.seed, frames: 0, asked: 0, began: live, picture, said: new Said(live) }
  document.documentElement.classList.add("lab-hand")
  field(name)?.classList.add("lab-old")
  return { live, picture }
}

function move(value) {
  const next = snapped(held.began.controls[held.name], value)
  if (next === held.value && held.frames) return next
  held.value = next
  hinted = true
  held.asked ||= requestAnimationFrame(frame)
  return next
}

function now(name) {
  const control = live.controls[name]
  const moving = held && !held.released && held.name === name
  return { control, value: moving ? held.value : control.value, std: live.law.std }
}

function release() {
  if (!held || held.released) return
  held.released = true
  if (held.asked) {
    cancelAnimationFrame(held.asked)
    frame()
  }
  const { name, value, seed, began } = held
  document.documentElement.classList.remove("lab-hand")
  held.bubble?.remove()
  const moved = began.controls[name] ? value : seed
  if (moved === (began.controls[name]?.value ?? began.seed)) {
    held.said.back()
    settle()
    return
  }
  held.until = performance.now() + PATIENCE
  tell("moved", { [name]: String(moved) })
  requestAnimationFrame(wait)
}

// The moved picture stands until the server's own does.
function wait() {
  if (!held?.released) return
  const come = live !== held.began && isNow(chart()) && !running()
  if (come || performance.now() > held.until) settle()
  else requestAnimationFrame(wait)
}

// The field of a control, which shows what the server knows.
const field = name => document.querySelector(`.st-key-${name}`)

function settle() {
  field(held.name)?.classList.remove("lab-old")
  held.picture.away()
  held.bubble?.remove()
  document.documentElement.classList.remove("lab-hand")
  held = null
  attach()
}

// --- beside the chart: seeds that run on, and what can be moved

function dress() {
  if (tools.bar?.parentElement !== room()) {
    tools.bar?.remove()
    tools.bar = made("div", "lab-play", room())
    tools.count = made("span", "lab-inside", tools.bar)
    tools.button = made("button", "lab-button", tools.bar)
    tools.button.type = "button"
    tools.button.dataset.live = "seed"
    tools.button.addEventListener("click", () => playing ? stop() : play())
  }
  const { font, annotations } = chart()._fullLayout
  room().style.setProperty("--lab-times", font.size / 14)
  // another scheme's bounds are named at the top
  tools.bar.classList.toggle("lab-low", annotations.some(at => at.xref === "paper" && at.x === 1))
  tools.button.hidden = !(live.seeded && live.drawn && live.n <= MOST)
  write(tools.button, playing ? `■ ${live.words.stop}` : `▶ ${live.words.play}`)
  sayInside(insideAtRest())
  for (const at of document.querySelectorAll("[data-lab-now=here]")) write(at, hinted ? "" : ` · ${live.words.hint}`)
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words
}

function sayInside(inside) {
  if (tools.count) write(tools.count, inside === null ? "" : filled(live.words.inside, { inside, bars: live.bins }))
}

// How many bars of the settled chart lie in their band.
function insideAtRest() {
  const plot = chart()
  if (!isNow(plot) || plot._fullData.length < 4 || live.family === "other") return null
  const [bars, low, high] = [0, 1, 2].map(trace => plot._fullData[trace].y)
  let inside = 0
  for (let bin = 0; bin < live.bins; bin++) inside += bars[bin + 1] >= low[bin] && bars[bin + 1] <= high[bin]
  return inside
}

function play() {
  take("seed")
  playing = new Seeds(live, (seed, buffers) => {
    held.seed = seed
    if (buffers) weights.use(live.family, seed, buffers)
    frame()
  })
  write(tools.button, `■ ${live.words.stop}`)
}

function stop() {
  playing.stop()
  playing = null
  write(tools.button, `▶ ${live.words.play}`)
  release()
}

// --- for tests, and for who looks: what is shown now

function shown() {
  if (!live || !held && !isNow(chart())) return null
  const { scheme, shape, seed, n, std, law } = live
  if (held?.shown) {
    const { found, ...moved } = held.shown
    const lists = { edges: found && [...found.edges], counts: found && [...found.counts] }
    return { scheme, ...moved, std: found?.std, minimum: found?.minimum, maximum: found?.maximum, ...lists, frames: held.frames }
  }
  const bars = chart()._fullData[0]
  const edges = Array.from({ length: live.bins + 1 }, (_, at) => bars.x0 + (at + 0.5) * bars.dx)
  return { scheme, shape, seed, n, std, law, edges, counts: [...bars.y].slice(1, -1), frames: 0 }
}

// --- every run of the page, and every change of it: chart and formula come when they do

export function follow(told, send) {
  live = told
  tell = send
  if (playing && !live) stop()
  attach()
}

export function attach() {
  if (held) return
  const plot = chart()
  if (!live || !plot?._fullLayout?.xaxis) {
    if (!live) {
      grips.attach(null, room())
      tools.bar?.remove()
    }
    return
  }
  if (watched !== plot) {
    watched = plot
    plot.on("plotly_afterplot", place)
    room().dataset.liveChart = ""
    Object.defineProperty(room(), "lab", { configurable: true, get: shown })
  }
  grips.attach(live, room())
  dress()
  place()
}

addEventListener("resize", () => requestAnimationFrame(place))
document.fonts?.ready.then(place)
