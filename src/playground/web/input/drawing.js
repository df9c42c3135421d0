import { el } from '../dom.js';

const side = 280;
const pen = 20;
const stride = 10;
const paper = '#f7f7f4';
const ink = '#1a1f24';
const pauseMs = 350;

/** A sheet to draw on with mouse, finger or arrow keys. Calls `onImage(blob)` shortly after each stroke. */
export function createDrawing(onImage) {
  const canvas = el('canvas', {
    width: side,
    height: side,
    tabIndex: 0,
    role: 'img',
    'aria-label': 'Drawing sheet',
    'aria-describedby': 'drawing-help',
  });
  const cursor = el('span', { class: 'cursor', hidden: true });
  const sheet = createSheet(canvas, onImage);
  listenToPointer(canvas, sheet);
  listenToKeys(canvas, sheet, cursor);
  const help =
    'Draw with mouse or finger. With keys: arrows move the pen, Space lowers or lifts it, Delete clears the sheet.';
  return el(
    'div',
    { class: 'drawing' },
    el('div', { class: 'sheet' }, canvas, cursor),
    el('p', { class: 'quiet', id: 'drawing-help' }, help),
    el('button', { type: 'button', onclick: () => sheet.clear() }, 'Clear'),
  );
}

function createSheet(canvas, onImage) {
  const context = canvas.getContext('2d');
  let timer;
  const clear = () => {
    clearTimeout(timer);
    context.fillStyle = paper;
    context.fillRect(0, 0, side, side);
  };
  const line = (from, to) => {
    clearTimeout(timer);
    Object.assign(context, { strokeStyle: ink, lineWidth: pen, lineCap: 'round' });
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
  };
  const finish = () => {
    clearTimeout(timer);
    timer = setTimeout(() => canvas.toBlob((blob) => onImage(blob)), pauseMs);
  };
  clear();
  return { clear, line, finish };
}

function listenToPointer(canvas, sheet) {
  let last;
  const at = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    return { x: ((clientX - box.left) * side) / box.width, y: ((clientY - box.top) * side) / box.height };
  };
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
    sheet.line(last, last);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (last === undefined) return;
    const next = at(event);
    sheet.line(last, next);
    last = next;
  });
  for (const name of ['pointerup', 'pointercancel']) {
    canvas.addEventListener(name, () => {
      if (last !== undefined) sheet.finish();
      last = undefined;
    });
  }
}

const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function listenToKeys(canvas, sheet, cursor) {
  let [at, isDown] = [{ x: side / 2, y: side / 4 }, false];
  const show = () => {
    cursor.hidden = false;
    cursor.classList.toggle('down', isDown);
    cursor.style.left = `${(at.x / side) * 100}%`;
    cursor.style.top = `${(at.y / side) * 100}%`;
  };
  const move = ([dx, dy]) => {
    const clamp = (value) => Math.min(side - pen, Math.max(pen, value));
    const next = { x: clamp(at.x + dx * stride), y: clamp(at.y + dy * stride) };
    if (isDown) sheet.line(at, next);
    at = next;
  };
  canvas.addEventListener('keydown', (event) => {
    if (event.key in moves) move(moves[event.key]);
    else if (event.key === ' ') isDown = !isDown;
    else if (event.key === 'Delete' || event.key === 'Backspace') sheet.clear();
    else return;
    event.preventDefault();
    if (event.key === ' ' && !isDown) sheet.finish();
    show();
  });
  canvas.addEventListener('blur', () => (cursor.hidden = true));
}
