// Seeds that run on by themselves, some thirty a second, each drawn ahead by a worker where it takes long.

const PACE = 1000 / 30 // milliseconds a seed
const AHEAD = 2 ** 16 // weights from which a worker draws
const SEEDS = 2 ** 32

export const seedAfter = seed => (seed + 1) % SEEDS

export class Seeds {
  // `show` is given a seed, and what has been drawn of it, if anything has; of several panels nothing has.
  constructor(live, show) {
    Object.assign(this, { show, seed: live.seed, family: live.family, n: live.panels ? 0 : live.n, ready: null, last: -Infinity })
    this.prepare()
    this.next = requestAnimationFrame(now => this.step(now))
  }

  step(now) {
    const seed = seedAfter(this.seed)
    if (now - this.last >= PACE - 4 && (this.n < AHEAD || this.ready?.seed === seed)) {
      this.last = now
      this.seed = seed
      this.show(seed, this.ready)
      this.prepare()
    }
    this.next = requestAnimationFrame(later => this.step(later))
  }

  prepare() {
    const { family, n } = this
    this.ready = null
    if (n < AHEAD) return
    if (!this.worker) {
      this.worker = new Worker(new URL("drawing_worker.js", import.meta.url), { type: "module" })
      this.worker.addEventListener("message", ({ data }) => { this.ready = data })
    }
    this.worker.postMessage({ family, seed: seedAfter(this.seed), n })
  }

  stop() {
    cancelAnimationFrame(this.next)
    this.worker?.terminate()
  }
}
