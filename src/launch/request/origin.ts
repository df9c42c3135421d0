import type { LaunchContext } from '../context.js';
import { containerLabels } from '../labels.js';

/** Who starts servers here: a user of a machine, with one installation of the launcher. */
export interface Origin {
  /** Folder of the launcher's project. */
  readonly project: string;
  /** `user@machine`. */
  readonly owner: string;
}

type Labels = Readonly<Record<string, string>>;

/** Which project a launch belongs to, and who made it. */
export function originOf({ projectFolder, owner }: Pick<LaunchContext, 'projectFolder' | 'owner'>): Origin {
  return { project: projectFolder.replace(/(.)[\\/]+$/, '$1'), owner };
}

/** The labels that tell an own server from one of others. */
export function originLabels({ project, owner }: Origin): Labels {
  return { [containerLabels.project]: project, [containerLabels.owner]: owner };
}

/** Whether this user started it from this project. */
export function isOfOrigin(labels: Labels, { project, owner }: Origin): boolean {
  return labels[containerLabels.project] === project && labels[containerLabels.owner] === owner;
}

/** `was started by ann@host from /home/ann/slipway`, as far as it is known. */
export function describeOrigin(labels: Labels): string {
  const owner = labels[containerLabels.owner];
  const project = labels[containerLabels.project];
  if (owner === undefined || project === undefined) return 'does not say who started it';
  return `was started by ${owner} from ${project}`;
}
