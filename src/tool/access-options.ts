import type { Command } from 'commander';

/** Adds the flags by which a command reaches a server. */
export function addAccessOptions(command: Command): Command {
  return command
    .option('--url <url>', 'address of the server (SLIPWAY_URL, else 127.0.0.1:8000, else the one that launch runs)')
    .option('--key-file <file>', 'file with the access key (else SLIPWAY_API_KEY)')
    .option('--ca <file>', "authority of the server's certificate, PEM")
    .option('--timeout <seconds>', 'longest wait for an answer', '30');
}
