import type { Command } from 'commander';
import type { LaunchContext } from '../../context.js';
import { registerInspect } from './inspect.js';
import { registerInit } from './look.js';
import { registerList, registerRemove } from './ls.js';
import { registerPull } from './pull.js';
import { registerPush } from './push.js';
import { registerValidate } from './validate.js';

/** `launch models pull|push|ls|rm|inspect|init|validate`: models where they are kept, and those that were brought here. */
export function register(program: Command, context: LaunchContext): void {
  const models = program
    .command('models')
    .description('models in buckets, registries and hubs: pull, push, inspect, init, validate');
  for (const one of [
    registerPull,
    registerPush,
    registerList,
    registerRemove,
    registerInspect,
    registerInit,
    registerValidate,
  ])
    one(models, context);
}
