// What a hand takes hold of: the ends of a law, the numbers of its formula, the seeds. All that follows moves in
// the same frame, in this browser; the server hears of it once, when the hand lets go.

import { Grips, made } from "./handles.js"
import { MOST, Weights, endsOf, lawWith, overWith, shapeWith, sizeWith, snapped, spelled } from "./law.js"
import { count, expectedCount, filled, quantity } from "./numbers.js"
import { Picture, axesAt, copyOf, labelled } from "./moving_histogram.js"
import { Said, formulaNow } from "./moving_words.js"
import { Seeds, seedAfter } from "./seeds.js"

const PATIENCE = 10_000 // milliseconds for which the server's picture is waited for

const running = () => document.querySelector(".stApp")?.dataset.testScriptState === "running"
// stays, while charts come and go
const room = () => document.querySelector(".st-key-chart, .st-key-live, .st-key-panels, .st-key-sloped")
// what lies over the chart, on its scale
const layer = () => room()?.querySelector(":scope > .lab-layer") ?? made("div", "lab-layer", room())
const chart = () => room()?.querySelector(".js-plotly-plot:not(.lab-stood)")
const holdsAll = plot => Boolean(plot?._fullLayout?.xaxis && axesAt(plot, panels.length - 1).yaxis) // an older one may have fewer panels
const isNow = plot => Boolean(live && plot?._fullData) && plot.layout?.meta === live.token

let live = null // what the page has told of its law, or of several
let panels = [] // what is known of each law: all of that, and what is its own
let tell = () => {}
let held = null // what is being moved, until the server's picture of it stands
let playing = null
let watched = null
let hinted = false
const weights = new Weights()
const grips = new Grips({ take, move, release, back, now })
const tools = {}

// --- one frame

function frame() {
  held.asked = 0
  const { name, value, seed } = held
  held.shown = held.panels.map((panel, at) => shownIn(panel, held.pictures[at]))
  if (!held.said.stands()) held.said = new Said(held.panels[0], name, field(name)) // it has been written anew
  held.said.write({ name, value, seed, values: valuesNow(), panels: held.panels, shown: held.shown })
  held.frames++
  sayInside(held.shown[0].inside)
  bubble()
  place()
}

// What a panel shows now, once it does.
function shownIn(panel, picture) {
  const { name, value, seed } = held
  if (panel.known === false) {
    picture.wait()
    return { law: { ...panel.law, times: 1 }, n: panel.n, shape: panel.shape, found: null }
  }
  const law = lawWith(panel, name, value)
  const n = sizeWith(panel, name, value)
  const shape = shapeWith(panel, name, value)
  const found = n * held.panels.length > MOST ? null : weights.summary(panel, law, n, seed)
  const expected = expectedCount(n * panel.outside)
  const numbers = labelled({ law, sigmas: panel.sigmas, n: count(n), outside: found ? count(found.outside[0]) : "…", expected, values: valuesNow() })
  picture.show({ law, over: overWith(panel, name, value), n, edges: found?.edges, counts: found?.counts, numbers })
  return { law, n, shape, found, expected, inside: found && picture.inside(found.counts, n) }
}

// The controls' numbers as they are written.
function valuesNow() {
  const { name, value, began } = held
  const written = ([own, control]) => [own, spelled(control, own === name ? value : control.value)]
  return Object.fromEntries(Object.entries(began.controls).map(written))
}

function bubble() {
  const { name, end, value, at: panel, began } = held
  const [picture, law] = [held.pictures[panel], held.shown[panel].law]
  if (!began.controls[name]) return
  const [now, before] = [value, began.controls[name].value].map(number => spelled(began.controls[name], number))
  const numbers = { name: began.words.names[name], value: now, before }
  const wide = law.times === 1 ? "" : `\n${filled(began.words.wide, { times: quantity(law.times, law.times, 3, true) })}`
  held.bubble ??= made("div", "lab-bubble", layer())
  held.bubble.textContent = filled(began.words.was, numbers) + wide
  const across = Math.min(picture.width, Math.max(0, picture.x(endsOf(held.panels[panel], law)[end ?? "high"])))
  const at = picture.left + across
  // outside the law, if there is room
  const [own, whole] = [held.bubble.offsetWidth, picture.cover.clientWidth]
  const right = across > picture.width / 2 ? whole - at > own + 44 : at < own + 44
  const left = Math.max(0, Math.min(whole - own, right ? at + 22 : at - 22 - own))
  held.bubble.style.cssText = `top:${picture.top + picture.height / 2}px;left:${left}px`
}

function place() {
  const plot = chart()
  if (!live || !held && !holdsAll(plot)) return
  const known = held?.panels ?? panels
  const laws = known.map(({ law }, at) => held?.shown?.[at].law ?? law)
  const axes = held?.pictures ?? known.map((_, at) => axesAt(plot, at))
  grips.place(known, laws, axes, held?.said.formula ?? formulaNow())
  if (held?.shown && held.began.controls[held.name]) grips.tell(held.name, held.began, held.value)
}

// --- taking hold and letting go

// Take hold of a control by its handle: the end of a law in the panel at place `at`, or its number. Before the server
// has answered it goes on from where it let go.
function take({ kind, name, end, at: place }) {
  const at = kind === "end" ? place : 0
  let asked = {} // what the server has not answered yet, of another number
  if (held && held.name !== name) {
    if (playing) stop()
    release()
    asked = held?.told ?? {}
    if (held) settle()
  }
  if (!held) {
    if (!holdsAll(chart())) return null
    const cover = copyOf(chart(), layer())
    const pictures = panels.map((panel, one) => new Picture(chart(), cover, panel, one, Boolean(live.panels)))
    const [value, seed] = [live.controls[name]?.value, Number(asked.seed ?? live.seed)]
    held = { name, end, value, at, seed, frames: 0, asked: 0, began: live, panels, cover, pictures, said: new Said(panels[0], name, field(name)) }
    Object.assign(held, { told: asked, grasped: value })
  } else if (held.released) {
    cancelAnimationFrame(held.waits)
    Object.assign(held, { end, at, released: false, grasped: held.value })
  }
  return { live: held.panels[at], picture: held.pictures[at], value: held.value }
}

function move(value) {
  if (!held || held.released) return value // it was let go of by other means
  const next = snapped(held.began.controls[held.name], value)
  if (next === held.value && held.frames) return next
  held.value = next
  hinted = true
  held.asked ||= requestAnimationFrame(frame)
  return next
}

function now(name) {
  const moving = held?.name === name
  const control = (moving ? held.began : live).controls[name]
  return { control, value: moving ? held.value : control.value, std: (held ?? { panels }).panels[0].law.std }
}

// As it was before the hand took hold; false if it holds nothing.
function back() {
  if (!held || held.released || playing) return false
  move(held.grasped)
  release()
  return true
}

function release() {
  if (!held || held.released) return
  held.released = true
  if (held.asked) {
    cancelAnimationFrame(held.asked)
    frame()
  }
  const { name, value, seed, began, told } = held
  held.bubble?.remove()
  held.bubble = null
  const moved = String(began.controls[name] ? value : seed)
  if (moved === (told[name] ?? String(began.controls[name]?.value ?? began.seed))) {
    if (Object.keys(told).length) awaitServer()
    else leave()
    return
  }
  held.told = { ...told, [name]: moved }
  held.from = live
  tell("moved", held.told) // also what may not have been heard yet: of two messages at once the server reads the last
  awaitServer()
}

// The hand has changed nothing.
function leave() {
  held.said.back()
  settle()
}

function awaitServer() {
  held.until = performance.now() + PATIENCE
  cancelAnimationFrame(held.waits)
  held.waits = requestAnimationFrame(wait)
}

// The moved picture stands until the server's own does.
function wait() {
  if (!held?.released) return
  const come = live !== (held.from ?? held.began) && isNow(chart()) && !running()
  if (come || performance.now() > held.until) settle()
  else held.waits = requestAnimationFrame(wait)
}

// The field of a control, which shows what the server knows.
const field = name => document.querySelector(`.st-key-${live?.controls[name]?.field ?? name}`)

function settle() {
  held.said.leave()
  held.cover.remove()
  held.bubble?.remove()
  held = null
  attach()
}

// --- beside the chart: seeds that run on, and what can be moved

function dress() {
  if (tools.bar?.parentElement !== layer()) {
    tools.bar?.remove()
    tools.bar = made("div", "lab-play", layer())
    tools.count = made("span", "lab-inside", tools.bar)
    tools.button = made("button", "lab-button", tools.bar)
    tools.button.type = "button"
    tools.button.dataset.live = "seed"
    tools.button.addEventListener("click", () => playing ? stop() : play())
  }
  const { font, annotations } = chart()._fullLayout
  room().style.setProperty("--lab-times", font.size / 14)
  // another scheme's bounds are named at the top
  tools.bar.classList.toggle("lab-low", Boolean(live.panels) || annotations.some(at => at.xref === "paper" && at.x === 1))
  tools.button.hidden = !(live.seeded && canPlay())
  write(tools.button, playing ? `■ ${live.words.stop}` : `▶ ${live.words.play}`)
  sayInside(insideAtRest())
  const ends = panels.some(panel => panel.ends.length) ? live.words.hint_ends : ""
  const hint = live.formula?.length ? live.words.hint : ends
  for (const at of document.querySelectorAll("[data-lab-now=here]")) write(at, hinted || !hint ? "" : ` · ${hint}`)
}

// Whether this browser draws the weights that stand, or some of them.
const canPlay = () => panels.some(({ drawn }) => drawn) && panels.reduce((n, panel) => n + panel.n, 0) <= MOST

function write(element, words) {
  if (element.textContent !== words) element.textContent = words
}

function sayInside(inside) {
  if (tools.count) write(tools.count, inside === null || live.panels ? "" : filled(live.words.inside, { inside, bars: live.bins }))
}

// How many bars of the settled chart lie in their band.
function insideAtRest() {
  const plot = chart()
  if (!isNow(plot) || plot._fullData.length < 4 || live.panels || live.family === "other") return null
  const [bars, low, high] = [0, 1, 2].map(trace => plot._fullData[trace].y)
  let inside = 0
  for (let bin = 0; bin < live.bins; bin++) inside += bars[bin + 1] >= low[bin] && bars[bin + 1] <= high[bin]
  return inside
}

function play() {
  if (!take({ name: "seed" })) return
  playing = new Seeds({ ...live, seed: held.seed }, (seed, buffers) => {
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

// The next seed has been asked for by its button: what it draws need not be waited for.
export function redraw() {
  const again = held?.released && held.name === "seed" // before the server has shown the last
  if (!again && (held || !live?.seeded || !canPlay() || !take({ name: "seed" }))) return
  held.seed = seedAfter(held.seed)
  held.told = { ...held.told, seed: String(held.seed) }
  frame()
  held.released = true
  awaitServer()
}

document.addEventListener("click", event => {
  if (event.target.closest?.(".st-key-redraw button, .st-key-again button")) redraw()
})

// --- for tests, and for who looks: what is shown now

function shown() {
  if (!live || !held && !isNow(chart())) return null
  const frames = held?.shown ? held.frames : 0
  const seed = held?.seed ?? live.seed
  const all = panels.map((panel, at) => ({ scheme: panel.scheme, seed, ...(held?.shown ? moving(held.shown[at]) : atRest(panel, at)) }))
  return live.panels ? { seed, panels: all, frames } : { ...all[0], frames }
}

function moving({ found, ...moved }) {
  const lists = { edges: found && [...found.edges], counts: found && [...found.counts] }
  return { ...moved, std: found?.std, minimum: found?.minimum, maximum: found?.maximum, ...lists }
}

function atRest({ shape, n, std, law, bins }, at) {
  const { yaxis } = axesAt(chart(), at)
  const bars = chart()._fullData.find(trace => trace.yaxis === yaxis._id)
  if (!bars?.dx) return { shape, n, std, law, edges: null, counts: null } // single values
  const edges = Array.from({ length: bins + 1 }, (_, edge) => bars.x0 + (edge + 0.5) * bars.dx)
  return { shape, n, std, law, edges, counts: [...bars.y].slice(1, -1) }
}

// --- every run of the page, and every change of it: chart and formula come when they do

export function follow(told, send) {
  live = told
  panels = (live ? live.panels ?? [{}] : []).map(own => withOwn(live, own))
  tell = send
  if (playing && !live) stop()
  // another picture than the one that is moved, and not because of it: what was moved is no more
  if (held && !held.released && !playing && !Object.keys(held.told).length && live?.token !== held.began.token) leave()
  if (!live) for (const at of document.querySelectorAll("[data-lab-now=here]")) write(at, "") // nothing to take hold of here
  attach()
}

// What is known of one law: all that is told of all of them, and what is told of it alone.
function withOwn(all, own) {
  const controls = {}
  for (const [name, control] of Object.entries(all.controls)) controls[name] = { ...control, ...own.follows?.[name] }
  const one = { ...all, ...own, controls }
  return { ...one, shares: one.shares[one.family] ?? one.shares }
}

export function attach() {
  if (held) return
  const plot = chart()
  if (!live || !holdsAll(plot)) {
    if (!live) {
      grips.attach(null, [])
      tools.bar?.remove()
    }
    return
  }
  if (watched !== plot) {
    watched = plot
    plot.on("plotly_afterplot", place)
    room().dataset.liveChart = live.panels ? "several" : "one"
    Object.defineProperty(room(), "lab", { configurable: true, get: shown })
  }
  grips.attach(live, panels, layer())
  dress()
  place()
}

addEventListener("resize", () => requestAnimationFrame(place))
document.fonts?.addEventListener("loadingdone", place) // those of formulas come with the first formula
