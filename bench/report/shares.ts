import { escapeText } from './plot.js';
import { figure, nameOf } from './table.js';
import type { Row } from '../types.js';

const parts = ['queue', 'decode', 'compute', 'encode'] as const;

/** Where the mean time of a request goes, as bars of equal length: the server's parts, and what is left for transport and client. */
export function drawShares(rows: readonly Row[]): string {
  const chosen = rows.filter(
    ({ role, state, scenario }) => role === 'target' && state !== 'failed' && scenario !== 'arrivals',
  );
  const bars = chosen.filter(({ serverMs }) => Object.keys(serverMs).length > 0).map(drawBar);
  if (bars.length === 0) return '';
  const legend = [...parts, 'transport'].map((part, i) => `<li><i class="s${i}"></i>${part}</li>`).join('');
  return `<figure class="shares"><figcaption>Where a request's time goes</figcaption>${bars.join('')}<ul class="legend">${legend}</ul></figure>`;
}

function drawBar(row: Row): string {
  const times = parts.map((part) => row.serverMs[part] ?? 0);
  const server = times.reduce((sum, ms) => sum + ms, 0);
  const all = [...times, Math.max(0, row.meanMs - server)];
  const total = all.reduce((sum, ms) => sum + ms, 0);
  const names = [...parts, 'transport'];
  const spans = all.map((ms, i) => {
    const title = `${names[i] ?? ''} ${figure(ms)} ms`;
    return `<i class="s${i}" style="flex:${((ms / total) * 100).toFixed(2)}" title="${title}"></i>`;
  });
  const label = `${nameOf(row)}, ${row.target}`;
  return `<div class="bar"><span>${escapeText(label)}</span><b>${spans.join('')}</b><em>${figure(row.meanMs)} ms</em></div>`;
}
