// A lecture in two windows of one browser: the projector's, which the class sees, and the presenter's.
// What the projector shows is what counts; the presenter's follows it and drives it, and where none is open
// it goes on alone.

const channel = new BroadcastChannel("lab-lecture")
const DEAF = 700 // milliseconds after which a projector that has not answered is no longer there
const CLOCK = "lab-clock"
const OWN = /^(embed|embed_options|view|lang)$/ // how each window is looked at

let words = {}
let press = () => {}
let shown = null // what the projector said last; null where none is open
let presses = 0 // given to the projector so far
let heard = 0 // the last of them that it has heard

export function follow(given, ask) {
  if (words.view === "projector" && given.view !== "projector") close()
  words = given
  press = ask
  if (words.view === "projector") say()
  if (words.view !== "presenter") return
  channel.postMessage({ asks: true })
  panel()
}

const say = () => {
  if (words.step) channel.postMessage({ shows: { ...words.step, url: location.href } })
  else close()
}
const close = () => channel.postMessage({ shows: null })

channel.onmessage = ({ data }) => {
  if (words.view === "projector") {
    if (data.asks) say()
    if (data.press) {
      channel.postMessage({ heard: data.at })
      press(data.press)
    }
  } else if (words.view === "presenter") {
    if (data.heard) heard = data.heard
    if (data.shows === undefined) return
    shown = data.shows
    if (shown) come(shown.url)
    panel()
  }
}
addEventListener("pagehide", () => words.view === "projector" && close())

// a press goes to the projector's window, or does here what it says if that has gone
export function drive(name) {
  if (!shown) return press(name)
  const at = ++presses
  channel.postMessage({ press: name, at })
  setTimeout(() => {
    if (heard >= at) return
    shown = null
    panel()
    press(name)
  }, DEAF)
}

// what a page shows, however it is looked at
function same(address) {
  const url = new URL(address)
  for (const name of [...url.searchParams.keys()]) if (OWN.test(name) || name === "v") url.searchParams.delete(name)
  url.searchParams.sort()
  return `${url.pathname}?${url.searchParams}`
}

function come(address) {
  if (same(address) === same(location.href)) return
  const url = new URL(address)
  for (const name of [...url.searchParams.keys()]) if (OWN.test(name)) url.searchParams.delete(name)
  for (const [name, value] of new URLSearchParams(location.search)) if (OWN.test(name)) url.searchParams.append(name, value)
  history.pushState({}, "", url)
  dispatchEvent(new PopStateEvent("popstate"))
}

// what the class sees, and what the next press does
function panel() {
  const line = document.querySelector("[data-lab-projector]")
  if (!line) return
  const state = !shown ? "closed" : !shown.here ? "left" : shown.waits ? "question" : "answer"
  if (line.textContent !== line.dataset[state]) line.textContent = line.dataset[state]
  line.dataset.now = state
  const next = document.querySelector(".st-key-presenter_ways > :last-child a")
  const says = state === "question" ? words.reveal : words.next
  if (next && next.textContent !== says) next.textContent = says
  tell()
}

// the time since the lecture began and since the step did, kept while the window is open
function tell() {
  const clock = document.querySelector("[data-lab-clock]")
  if (!clock) return
  const now = Date.now()
  let times = JSON.parse(sessionStorage.getItem(CLOCK) ?? "null") ?? { began: now }
  if (times.place !== clock.dataset.labClock) times = { ...times, place: clock.dataset.labClock, since: now }
  sessionStorage.setItem(CLOCK, JSON.stringify(times))
  const [all, step] = clock.querySelectorAll("b")
  all.textContent = written(now - times.began)
  step.textContent = written(now - times.since)
}

// seconds run only for who lets things move
const still = matchMedia("(prefers-reduced-motion: reduce)")
function written(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000)
  const minutes = Math.floor(seconds / 60)
  return still.matches ? `${minutes} min` : `${minutes}:${String(seconds % 60).padStart(2, "0")}`
}

setInterval(() => words.view === "presenter" && panel(), 1000)

document.addEventListener("click", event => {
  if (!event.target.closest?.("[data-lab-restart]")) return
  sessionStorage.removeItem(CLOCK)
  tell()
})
