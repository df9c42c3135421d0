import { pageStyle } from '../report/page-style.js';
import { escapeText } from '../report/plot.js';
import type { Facts, ProofReport, StepReport } from './types.js';

/** The proof as one page without scripts. */
export function formatProof(report: ProofReport): string {
  const failed = report.steps.filter(({ outcome }) => outcome.state !== 'passed');
  const verdict = `${report.isComplete ? '' : 'Not finished. '}${report.steps.length - failed.length} of ${report.steps.length} steps passed on ${report.provider}.`;
  const lines = [verdict, ...failed.map(({ step, outcome }) => `${step}: ${outcome.state}: ${outcome.reason ?? ''}`)];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>GPU proof: ${escapeText(report.provider)}</title><style>${pageStyle}</style></head>
<body><h1>GPU proof: ${escapeText(report.provider)}</h1><p class="soft">${escapeText(report.startedAt)}. TF32 ${report.isTf32Allowed ? 'allowed' : 'off'}. Tolerances: ${escapeText(report.tolerances)}</p>
<div class="verdict">${lines.map((line) => `<p>${escapeText(line)}</p>`).join('')}</div>
${report.steps.map(drawStep).join('\n')}
<h2>Environment</h2><pre class="scroll">${escapeText(JSON.stringify(report.environment, null, 2))}</pre></body></html>
`;
}

function drawStep({ step, provider, seconds, outcome }: StepReport): string {
  const said = outcome.reason === undefined ? '' : `: ${outcome.reason}`;
  const rows = outcome.state === 'broken' ? [] : outcome.rows;
  return `<section><h2>${escapeText(step)}</h2><p class="soft">${escapeText(`${outcome.state} on ${provider} in ${seconds.toFixed(1)} s${said}`)}</p>${drawTable(rows)}</section>`;
}

function drawTable(rows: readonly Facts[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (names.length === 0) return '';
  const cell = (value: Facts[string] | undefined): string =>
    escapeText(typeof value === 'number' ? String(Number(value.toPrecision(5))) : String(value ?? ''));
  const body = rows.map((row) => `<tr>${names.map((name) => `<td>${cell(row[name])}</td>`).join('')}</tr>`);
  return `<div class="scroll"><table><thead><tr>${names.map((name) => `<th>${escapeText(name)}</th>`).join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}
