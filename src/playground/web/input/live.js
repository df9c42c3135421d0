/** Answers that the rate is counted over. */
const recent = 20;
/** Until the next frame is sent to a server that had no room for one. */
const pauseMs = 1000;

/** The frame that a video shows, as a JPEG. */
export function takeFrame(video) {
  const frame = document.createElement('canvas');
  Object.assign(frame, { width: video.videoWidth, height: video.videoHeight });
  frame.getContext('2d').drawImage(video, 0, 0);
  return new Promise((resolve) => frame.toBlob(resolve, 'image/jpeg', 0.9));
}

/**
 * Sends frames of a video as fast as they are answered: one is on its way at a time, and those shown meanwhile are dropped and counted.
 * `ask(blob)` answers the error of a refused frame, else undefined; `tell(text)` hears the rate. Ends with `signal`, or with the first
 * refusal that is not one for want of room.
 */
export async function runLive(video, { ask, tell, signal }) {
  const frames = countFrames(video, signal);
  const counts = { sent: 0, refused: 0, answers: [] };
  while (!signal.aborted) {
    await frames.next();
    if (signal.aborted) return;
    counts.sent += 1;
    const sentMs = performance.now();
    const refusal = await ask(await takeFrame(video));
    if (signal.aborted) return;
    if (refusal === undefined) counts.answers = [...counts.answers, performance.now()].slice(-recent - 1);
    else if (refusal.status === 429 || refusal.status === 503) counts.refused += 1;
    else return;
    tell(describe(counts, { dropped: frames.count() - counts.sent, ms: performance.now() - sentMs }));
    if (refusal !== undefined) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

function describe({ sent, refused, answers }, { dropped, ms }) {
  const span = answers.at(-1) - answers[0];
  const rate = answers.length > 1 ? `${(((answers.length - 1) * 1000) / span).toFixed(1)} frames per second` : 'Live';
  const full = refused > 0 ? `, ${refused} refused by a busy server` : '';
  return `${rate}, ${ms.toFixed(0)} ms each; ${sent} sent, ${Math.max(0, dropped)} dropped${full}`;
}

/** Counts the frames that a video shows; `next` waits for one that was not there at the call before. */
function countFrames(video, signal) {
  let [shown, seen, first] = [0, 0, undefined];
  let wake = () => {};
  const onFrame = (_, { presentedFrames }) => {
    first ??= presentedFrames - 1;
    shown = presentedFrames - first;
    wake();
    if (!signal.aborted) video.requestVideoFrameCallback(onFrame);
  };
  // Browsers without the callback count their own refreshes.
  const onRefresh = () => onFrame(0, { presentedFrames: shown + 1 });
  const hasCallback = video.requestVideoFrameCallback !== undefined;
  if (!hasCallback) video.requestVideoFrameCallback = () => requestAnimationFrame(onRefresh);
  video.requestVideoFrameCallback(onFrame);
  signal.addEventListener('abort', () => wake(), { once: true });
  const next = async () => {
    while (shown === seen && !signal.aborted) await new Promise((resolve) => (wake = resolve));
    seen = shown;
  };
  return { next, count: () => shown };
}
