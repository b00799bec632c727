// A picture of the terminal, drawn from what xterm.js holds.

import { palette, theme } from "./colours.js";

const WIDTH = 9;
const HEIGHT = 18;
const FONT = "15px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";

/** Returns the terminal as the data URL of a PNG. */
export function picture(terminal) {
  const canvas = document.createElement("canvas");
  canvas.width = terminal.cols * WIDTH;
  canvas.height = terminal.rows * HEIGHT;
  const paper = canvas.getContext("2d");
  paper.fillStyle = theme().background;
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.textBaseline = "middle";
  const buffer = terminal.buffer.active;
  for (let row = 0; row < terminal.rows; row += 1) {
    const line = buffer.getLine(buffer.viewportY + row);
    for (let column = 0; line && column < terminal.cols; column += 1) {
      draw(paper, line.getCell(column), column, row);
    }
  }
  cursor(paper, buffer);
  return canvas.toDataURL("image/png");
}

function draw(paper, cell, column, row) {
  const [ink, back] = colours(cell);
  const letters = cell.getChars();
  if (back) {
    paper.fillStyle = back;
    paper.fillRect(column * WIDTH, row * HEIGHT, WIDTH * cell.getWidth(), HEIGHT);
  }
  if (!letters.trim() || cell.isInvisible()) return;
  paper.font = (cell.isBold() ? "bold " : "") + FONT;
  paper.fillStyle = ink;
  paper.fillText(letters, column * WIDTH, (row + 0.5) * HEIGHT);
}

/** Returns a cell's ink and background; no background for the terminal's own. */
function colours(cell) {
  const ink = colour(cell.getFgColor(), cell.isFgPalette(), cell.isFgRGB()) ?? theme().foreground;
  const back = colour(cell.getBgColor(), cell.isBgPalette(), cell.isBgRGB());
  return cell.isInverse() ? [back ?? theme().background, ink] : [ink, back];
}

function colour(value, isPalette, isRGB) {
  if (isPalette) return palette(value);
  return isRGB ? `#${value.toString(16).padStart(6, "0")}` : undefined;
}

function cursor(paper, buffer) {
  paper.fillStyle = theme().cursor;
  const row = buffer.baseY + buffer.cursorY - buffer.viewportY;
  paper.fillRect(buffer.cursorX * WIDTH, (row + 1) * HEIGHT - 3, WIDTH, 2);
}
