// Runs the server as a child and starts it again when a signal ended it that nobody asked for: a fault in native code, the
// watchdog's kill, the kernel's when memory ran out. Everything else goes through as it is: streams, signals, the way it ended.
'use strict';
const { spawn } = require('node:child_process');
const { writeSync } = require('node:fs');
const { clearInterval, clearTimeout, setInterval, setTimeout } = require('node:timers');

/** What a crash ends with, and what that says. */
const faults = {
  SIGSEGV: 'it touched memory that is not its own',
  SIGBUS: 'a file that it had mapped was cut short',
  SIGFPE: 'an integer division by zero or by -1 that overflows',
  SIGILL: 'an instruction that this CPU does not have',
  SIGABRT: 'it gave up, for lack of memory or after an error that nothing caught',
  SIGTRAP: 'it gave up, for lack of memory or after an error that nothing caught',
  SIGSYS: 'a system call that is not allowed here',
  SIGKILL: 'it was killed: by its watchdog, by the system for lack of memory, or by hand',
};
const stops = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
const passedOn = [...stops, 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'];

/**
 * Restarts wait longer from crash to crash; a server that ran `soundAfterMs` is taken for sound, and its crash is the first again. One that
 * is to stop has the time it named (`stopMs` where it named none) and `graceMs`; after a second signal `graceMs` alone. The numbers of
 * restarts are those of src/restart-policy.ts, which says why others have others.
 */
const defaultPolicy = {
  firstDelayMs: 100,
  longestDelayMs: 30_000,
  soundAfterMs: 60_000,
  mostInARow: 10,
  stopMs: 30_000,
  graceMs: 3000,
};

/** Whether this process is to be the supervisor: not where it is told not to be, is the server already, or is being debugged. */
function isSupervisorWanted({ argv, env, execArgv, platform, ppid }) {
  if (env.SLIPWAY_SUPERVISED === String(ppid) || platform === 'win32') return false;
  if (execArgv.some((flag) => flag.startsWith('--inspect'))) return false;
  let wish = env.SLIPWAY_SUPERVISOR || 'yes';
  argv.forEach((flag, index) => {
    if (flag === '--no-supervisor') wish = 'no';
    else if (flag.startsWith('--supervisor=')) wish = flag.slice('--supervisor='.length);
    else if (flag === '--supervisor') wish = /^(?!-)/.test(argv[index + 1] ?? '-') ? argv[index + 1] : 'yes';
  });
  return !/^(?:no|false|0|off)$/i.test(wish);
}

/** Supervises the server with the entry file given; this process ends as the server did. */
function supervise(entry, policy = {}) {
  const supervisor = new Supervisor(entry, { ...defaultPolicy, ...policy });
  for (const signal of passedOn) process.on(signal, () => supervisor.pass(signal));
  process.on('SIGTSTP', () => {
    supervisor.pass('SIGSTOP');
    process.kill(process.pid, 'SIGSTOP');
  });
  process.on('SIGCONT', () => supervisor.pass('SIGCONT'));
  stopWithShell(supervisor, process.env);
  supervisor.start({});
}

/** `npm start` runs its script in a shell, which a signal to npm ends without a word to what it runs. */
function stopWithShell(supervisor, { npm_lifecycle_event: script, npm_package_name: name }) {
  if (script !== 'start' || name !== 'slipway') return;
  const shell = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(timer);
    if (!supervisor.isStopping) supervisor.pass('SIGTERM');
  }, 500);
}

class Supervisor {
  #entry;
  #policy;
  #child;
  #timer;
  #stopTimer;
  #isStopping = false;
  #stopMs;
  /** What the server said that it ends with, whatever ends it. */
  #exitCode;
  #crashes = 0;
  #startedMs = 0;
  /** Before the server has said how it logs, lines are for people. */
  #log = 'text';

  constructor(entry, policy) {
    this.#entry = entry;
    this.#policy = policy;
    this.#stopMs = policy.stopMs;
  }

  /** In a session of its own the child gets a terminal's Ctrl-C once, from here, and not from the terminal as well. */
  start(ended) {
    this.#timer = undefined;
    this.#startedMs = performance.now();
    this.#child = spawn(process.execPath, [...process.execArgv, this.#entry, ...process.argv.slice(2)], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      detached: true,
      env: { ...process.env, SLIPWAY_SUPERVISED: String(process.pid), ...ended },
    });
    this.#child.on('message', ({ log = this.#log, stopMs = this.#stopMs, isStopping = false, exitCode }) => {
      this.#log = log;
      this.#stopMs = stopMs;
      this.#exitCode = exitCode;
      if (isStopping && !this.#isStopping) this.#stopWithin(stopMs);
    });
    this.#child.on('error', (error) => {
      this.#say({ reason: error.message }, 'the server could not be started');
      process.exit(1);
    });
    this.#child.on('exit', (code, signal) => this.#ended(code, signal));
  }

  get isStopping() {
    return this.#isStopping;
  }

  pass(signal) {
    const isStop = stops.includes(signal);
    if (this.#timer !== undefined) {
      if (isStop) process.exit(0);
      return;
    }
    this.#child.kill(signal);
    if (!isStop) return;
    // One that was stopped (SIGSTOP) would not hear of it.
    this.#child.kill('SIGCONT');
    this.#stopWithin(this.#isStopping ? 0 : this.#stopMs);
  }

  /** Kills the server where it has not ended in this time and the grace: its own clock stands still where it hangs. */
  #stopWithin(stopMs) {
    this.#isStopping = true;
    const limitMs = stopMs + this.#policy.graceMs;
    clearTimeout(this.#stopTimer);
    this.#stopTimer = setTimeout(() => {
      this.#say({ pid: this.#child.pid, limitMs }, 'the server was told to stop, and has not: it is killed');
      this.#child.kill('SIGKILL');
    }, limitMs);
  }

  #ended(code, signal) {
    if (signal === null || this.#exitCode !== undefined) process.exit(this.#exitCode ?? code);
    const meaning = faults[signal];
    if (this.#isStopping || meaning === undefined) return endBy(signal);
    const { mostInARow, soundAfterMs, firstDelayMs, longestDelayMs } = this.#policy;
    const isSound = performance.now() - this.#startedMs >= soundAfterMs;
    this.#crashes = isSound ? 1 : this.#crashes + 1;
    const facts = { signal, meaning, pid: this.#child.pid, crashes: this.#crashes };
    if (this.#crashes > mostInARow) {
      this.#say(facts, 'the server ended by a signal too often in a row: it is not started again');
      return endBy(signal);
    }
    const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** (this.#crashes - 1));
    this.#say({ ...facts, delayMs }, 'the server ended by a signal: it is started again');
    this.#timer = setTimeout(() => this.start({ SLIPWAY_ENDED: `${facts.pid}:${signal}` }), delayMs);
  }

  #say(facts, message) {
    if (this.#log === 'none') return;
    const time = new Date().toISOString();
    const shown = Object.entries(facts).map(([name, value]) => `${name}=${value}`);
    const line =
      this.#log === 'json'
        ? JSON.stringify({ level: 'error', time, ...facts, message })
        : [time.slice(11, 19), 'error', message, ...shown].join(' ');
    try {
      writeSync(2, `${line}\n`);
    } catch {
      // Nobody reads it: that is no reason to end.
    }
  }
}

/** Ends this process by a signal, so that whoever waits for it sees what became of the server. */
function endBy(signal) {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

module.exports = { defaultPolicy, isSupervisorWanted, supervise };
