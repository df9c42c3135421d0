import { stat } from 'node:fs/promises';
import type { EngineSession, SessionSpec } from '../../engine/engine.js';
import { AppError } from '../../errors.js';

/** Loading blocks this thread, so that only small model files are loaded on it. */
const mostBytes = 4 * 1024 * 1024;

/** Loads a session on the calling thread; the runtime with the first. Rejects for a file that is too large, or does not load. */
export async function openInline(spec: SessionSpec): Promise<EngineSession> {
  const { size } = await stat(spec.modelPath);
  if (size > mostBytes) throw new AppError('MODEL_INVALID', `its file of ${size} bytes is larger than ${mostBytes}`);
  const { ortEngine } = await import('../../engine/ort/ort.js');
  return ortEngine.createSession(spec);
}
