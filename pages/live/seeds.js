// Seeds that run on by themselves, some thirty a second, each drawn ahead by workers where it takes long.

const PACE = 1000 / 30 // milliseconds a seed
const AHEAD = 2 ** 16 // weights from which a worker draws
const WORKERS = 2 // by turns
const SEEDS = 2 ** 32

export const seedAfter = seed => (seed + 1) % SEEDS

export class Seeds {
  // `show` is given a seed, and what has been drawn of it, if anything has; of several panels nothing has.
  constructor(live, show) {
    Object.assign(this, { show, seed: live.seed, family: live.family, n: live.panels ? 0 : live.n, last: -Infinity, turn: 0 })
    this.drawn = new Map() // seed → what a worker has drawn of it
    this.workers = this.n < AHEAD ? [] : Array.from({ length: WORKERS }, () => this.worker())
    this.asked = this.seed
    for (const worker of this.workers) this.ask(worker)
    this.next = requestAnimationFrame(now => this.step(now))
  }

  worker() {
    const worker = new Worker(new URL("drawing_worker.js", import.meta.url), { type: "module" })
    worker.addEventListener("message", ({ data }) => this.drawn.set(data.seed, data))
    return worker
  }

  ask(worker) {
    this.asked = seedAfter(this.asked)
    worker.postMessage({ family: this.family, seed: this.asked, n: this.n })
  }

  step(now) {
    const seed = seedAfter(this.seed)
    if (now - this.last >= PACE - 4 && (!this.workers.length || this.drawn.has(seed))) {
      this.last = now
      this.seed = seed
      this.show(seed, this.drawn.get(seed) ?? null)
      this.drawn.delete(seed)
      if (this.workers.length) this.ask(this.workers[this.turn++ % WORKERS])
    }
    this.next = requestAnimationFrame(later => this.step(later))
  }

  stop() {
    cancelAnimationFrame(this.next)
    for (const worker of this.workers) worker.terminate()
  }
}
