/** A terminal's output as a picture: light, so that it can be read on GitHub's light and dark pages. */

const CHARACTER_PX = 8.2;
const LINE_PX = 18;
const MARGIN_PX = 16;
const FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace";

interface Style {
  color: string | null;
  isBold: boolean;
  isDim: boolean;
}

/**
 * @param command what was typed, for the first line
 * @param output what came, with SGR sequences
 */
export function terminalSvg(command: string, output: string): string {
  const lines = [
    `$ ${command}`,
    ...output.replaceAll("\r", "").trimEnd().split("\n"),
  ];
  const style: Style = { color: null, isBold: false, isDim: false };
  const texts = lines.flatMap((line, row) => textsOf(line, row, style));
  const columns = Math.max(...lines.map((line) => plain(line).length));
  const width = Math.ceil(columns * CHARACTER_PX + 2 * MARGIN_PX);
  const height = lines.length * LINE_PX + 2 * MARGIN_PX;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(command)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="#f6f8fa" stroke="#d0d7de"/>`,
    `<g font-family="${FONT}" font-size="13" fill="#1f2328" xml:space="preserve">`,
    ...texts,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

// ── Helpers ─────────────────────────────────────────────────────────────────

// eslint's rule is about control characters by mistake: these begin a terminal's sequences.
const SGR = new RegExp(`${String.fromCharCode(27)}\\[([\\d;]*)m`, "g");

const COLORS: Record<number, string> = {
  31: "#cf222e",
  32: "#116329",
  33: "#9a6700",
  34: "#0550ae",
  35: "#8250df",
  36: "#1b7c83",
};

function plain(line: string): string {
  return line.replace(SGR, "");
}

/** The words of a line, each at its column, so that columns stand in line in any font. */
function textsOf(line: string, row: number, style: Style): string[] {
  const texts: string[] = [];
  let column = 0;
  let at = 0;
  const put = (run: string): void => {
    for (const { 0: words, index } of run.matchAll(/\S+(?: \S+)*/g)) {
      texts.push(textAt(words, column + index, row, style));
    }
    column += run.length;
  };
  for (const { 0: sequence, 1: codes = "", index } of line.matchAll(SGR)) {
    put(line.slice(at, index));
    change(style, codes);
    at = index + sequence.length;
  }
  put(line.slice(at));
  return texts;
}

function change(style: Style, codes: string): void {
  for (const code of codes.split(";").map(Number)) {
    if (code === 0) Object.assign(style, { isBold: false, isDim: false });
    if (code === 0 || code === 39) style.color = null;
    if (code === 1) style.isBold = true;
    if (code === 2) style.isDim = true;
    if (code === 22) Object.assign(style, { isBold: false, isDim: false });
    style.color = COLORS[code] ?? style.color;
  }
}

function textAt(
  words: string,
  column: number,
  row: number,
  { color, isBold, isDim }: Style,
): string {
  const fill = color ?? (isDim ? "#656d76" : null);
  const attributes = [
    `x="${(MARGIN_PX + column * CHARACTER_PX).toFixed(1)}"`,
    `y="${MARGIN_PX + (row + 0.75) * LINE_PX}"`,
    `textLength="${(words.length * CHARACTER_PX).toFixed(1)}"`,
    ...(fill === null ? [] : [`fill="${fill}"`]),
    ...(isBold ? [`font-weight="600"`] : []),
  ];
  return `<text ${attributes.join(" ")}>${escaped(words)}</text>`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
