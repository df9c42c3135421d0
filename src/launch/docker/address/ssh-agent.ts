import { spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import { AppError } from '../../../errors.js';
import type { DockerAddress } from './endpoint.js';

type SshAddress = Extract<DockerAddress, { kind: 'ssh' }>;

/** The ssh command that joins its stdin and stdout to the engine on the other machine, as the docker CLI runs it. */
export function sshArguments({ destination, port, socketPath }: SshAddress): readonly string[] {
  const remote = socketPath === undefined ? ['docker'] : ['docker', '--host', `unix://${socketPath}`];
  const where = port === undefined ? [] : ['-p', String(port)];
  return ['-o', 'ConnectTimeout=30', '-T', ...where, '--', destination, ...remote, 'system', 'dial-stdio'];
}

/** An HTTP agent whose connections are `ssh ... docker system dial-stdio`: the user's own keys, config and known hosts. */
export function openSshAgent(address: SshAddress): Agent {
  const agent = new Agent({ keepAlive: false });
  const connect = (): Duplex => connectOverSsh(address);
  return Object.assign(agent, { createConnection: connect });
}

/** A connection through a spawned ssh; when ssh fails, its last words become the connection's error. */
function connectOverSsh(address: SshAddress): Duplex {
  const child = spawn('ssh', sshArguments(address), { stdio: ['pipe', 'pipe', 'pipe'] });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-2000);
  });
  const connection = new Duplex({
    read: () => child.stdout.resume(),
    // A write that ssh takes no more is explained when it has ended.
    write: (chunk: Buffer, _encoding, done) => child.stdin.write(chunk, () => done()),
    final: (done) => {
      child.stdin.end(() => done());
    },
    destroy: (error, done) => {
      child.kill();
      done(error);
    },
  });
  child.stdin.on('error', () => undefined);
  child.stdout.on('data', (chunk: Buffer) => {
    if (!connection.push(chunk)) child.stdout.pause();
  });
  const fail = (reason: string): void => {
    const text = `ssh to ${address.destination} failed: ${reason.replace(/\.$/, '')}. To test: ssh ${address.destination} docker version`;
    connection.destroy(new AppError('DOCKER_UNREACHABLE', text, { details: { destination: address.destination } }));
  };
  child.on('error', (error) => fail(error.message));
  // Not before its last words were read: the end of its output alone would only say that the connection hung up.
  child.on('close', (code) => {
    if (code === 0 || code === null) connection.push(null);
    else fail(words.trim() === '' ? `exit code ${code}` : words.trim());
  });
  return withSocketMethods(connection);
}

/** Node's HTTP client calls these on any connection that it is given. */
function withSocketMethods(connection: Duplex): Duplex {
  const self = (): Duplex => connection;
  return Object.assign(connection, { setTimeout: self, setNoDelay: self, setKeepAlive: self, ref: self, unref: self });
}
