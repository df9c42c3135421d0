// Draws a plot of bench/micro/growth/growth.js as an SVG file of its own.
const { drawPlot } = await import(new URL('../../../dist/bench/report/plot.js', import.meta.url).href);

/** A plot as a file of its own, readable on a white and on a dark page. */
export function standalone(plot) {
  const [, svg] = /(<svg viewBox="0 0 560[\s\S]*?<\/svg>)<ul/.exec(drawPlot(plot));
  const colors = ['#0b63ce', '#c2410c', '#15803d'];
  const style = `<style>rect{fill:#fff}text{fill:#444;font:12px system-ui,sans-serif}.grid{stroke:#ddd}.axis{stroke:#444}.line{fill:none;stroke-width:2}.dashed{stroke-dasharray:7 4}${colors.map((c, i) => `path.c${i}{stroke:${c}}circle.c${i}{fill:${c}}`).join('')}</style>`;
  const legend = plot.lines.map(({ name, color, dash }, i) => {
    const [x, y] = [66 + (i % 2) * 250, 348 + (i >> 1) * 18];
    return `<path class="line c${color} ${dash ?? ''}" d="M${x} ${y}h24"/><text x="${x + 30}" y="${y + 4}">${name}</text>`;
  });
  const height = 340 + 18 * Math.ceil(plot.lines.length / 2) + 8;
  return svg
    .replace(
      /<svg viewBox="0 0 560 320"([^>]*)>/,
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 584 ${height}"$1>${style}<rect width="584" height="${height}"/>`,
    )
    .replace('</svg>', `${legend.join('')}</svg>\n`);
}
