import { spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import { AppError } from '../../errors.js';
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
  const connection = Duplex.from({ readable: child.stdout, writable: child.stdin });
  const fail = (reason: string): void => {
    const text = `ssh to ${address.destination} failed: ${reason}`;
    connection.destroy(new AppError('DOCKER_UNREACHABLE', text, { details: { destination: address.destination } }));
  };
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code) => {
    if (code !== 0 && code !== null) fail(words.trim() === '' ? `exit code ${code}` : words.trim());
  });
  connection.on('close', () => child.kill());
  return withSocketMethods(connection);
}

/** Node's HTTP client calls these on any connection that it is given. */
function withSocketMethods(connection: Duplex): Duplex {
  const self = (): Duplex => connection;
  return Object.assign(connection, { setTimeout: self, setNoDelay: self, setKeepAlive: self, ref: self, unref: self });
}
