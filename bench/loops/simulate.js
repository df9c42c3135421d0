// What several HTTP event loops would give on machines with more cores than were at hand (decision 009): a simulation of threads on cores,
// with the CPU times that loops.js and the decision's table measured. Usage: node bench/loops/simulate.js
/** CPU of a request in ms: the HTTP thread's, the workers', what of the HTTP thread's the hub would keep, and a hop's there and back. */
const works = [
  ['ultraface, 0.9 MB of tensor', { http: 0.8, run: 3, hubShare: 0.2, hop: 0.03 }],
  ['ultraface, JPEG of 640x480', { http: 1.1, run: 5.4, hubShare: 0.2, hop: 0.03 }],
  ['a tensor of 0.9 MB, a run of 40 ms', { http: 0.8, run: 40, hubShare: 0.2, hop: 0.03 }],
  ['two INT32[1,16] as JSON, run inline', { http: 0.065, run: 0, hubShare: 0, hop: 0 }],
];
const requests = 6000;

/** Numbers from 0 to 1, the same in every run (mulberry32). */
function randomFrom(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let bits = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The parts of a request in turn: on which thread, for how long. One loop is front and hub in one. */
function partsOf({ http, run, hubShare, hop }, front, fronts) {
  const worker = run === 0 ? [] : [['workers', run]];
  if (fronts === 1) return [[front, http * 0.6], ...worker, [front, http * 0.4]];
  const own = http * (1 - hubShare);
  const hub = hubShare === 0 ? [] : [['hub', (http * hubShare) / 2 + hop / 4]];
  return [[front, own * 0.6 + hop / 4], ...hub, ...worker, ...hub, [front, own * 0.4 + hop / 4]];
}

/** Requests a second of so many connections, each of which asks again when it is answered. A part waits for its thread and for a core. */
function simulate(work, { cores, fronts, connections, seed }) {
  const random = randomFrom(seed);
  const free = new Map([['hub', 1], ['workers', cores], ...Array.from({ length: fronts }, (_, n) => [n, 1])]);
  // The kernel deals connections, not requests.
  const queues = new Map([...free.keys()].map((thread) => [thread, []]));
  const wait = (request, sinceMs) => queues.get(request.parts[0][0]).push({ ...request, sinceMs });
  for (let n = 0; n < connections; n += 1) {
    const front = Math.floor(random() * fronts);
    wait({ front, parts: partsOf(work, front, fronts) }, random());
  }
  /** The thread that has waited longest for a core. */
  const findReady = () => {
    let found;
    for (const [thread, queue] of queues) {
      const isReady = queue.length > 0 && free.get(thread) > 0;
      if (isReady && (found === undefined || queue[0].sinceMs < queues.get(found)[0].sinceMs)) found = thread;
    }
    return found;
  };
  const running = [];
  let [idle, nowMs, answered] = [cores, 0, 0];
  while (answered < requests) {
    for (let thread = findReady(); idle > 0 && thread !== undefined; thread = findReady()) {
      const request = queues.get(thread).shift();
      free.set(thread, free.get(thread) - 1);
      idle -= 1;
      running.push({ request, thread, endMs: nowMs + request.parts[0][1] * (0.7 + 0.6 * random()) });
    }
    const next = running.reduce((first, { endMs }, n) => (endMs < running[first].endMs ? n : first), 0);
    const [{ request, thread, endMs }] = running.splice(next, 1);
    nowMs = endMs;
    free.set(thread, free.get(thread) + 1);
    idle += 1;
    const { front } = request;
    const rest = request.parts.slice(1);
    if (rest.length === 0) answered += 1;
    wait({ front, parts: rest.length > 0 ? rest : partsOf(work, front, fronts) }, nowMs);
  }
  return (answered / nowMs) * 1000;
}

/** The median of three draws of connections. */
const median = (work, setting) =>
  [1, 2, 3].map((seed) => simulate(work, { ...setting, seed })).toSorted((a, b) => a - b)[1];

/** The fewest fronts that give what any number gives, but for 3 %. */
function best(work, cores, connections) {
  const counts = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64].filter((fronts) => fronts <= cores);
  const rates = counts.map((fronts) => median(work, { cores, fronts, connections }));
  const most = Math.max(...rates);
  const n = rates.findIndex((rate) => rate >= 0.97 * most);
  return `${Math.round(rates[n])} (${counts[n]})`;
}

console.log('| work | cores | at most | one loop | several, 64 connections (loops) | several, 512 connections |');
console.log('| --- | --- | --- | --- | --- | --- |');
for (const [name, work] of works) {
  for (const cores of [2, 4, 8, 16, 32, 64]) {
    const most = (cores / (work.http + work.run)) * 1000;
    const one = median(work, { cores, fronts: 1, connections: 64 });
    const cells = [most, one].map(Math.round);
    console.log(`| ${[name, cores, ...cells, best(work, cores, 64), best(work, cores, 512)].join(' | ')} |`);
  }
}
