// Pages in lynx, which knows neither style sheets nor scripts.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const OPTIONS = { maxBuffer: 16 * 1024 * 1024, timeout: 60_000, env: { ...process.env, LC_ALL: 'C.UTF-8', TERM: 'vt100' } };

// It breaks lines where it likes, and draws what is chosen and written as underlines. Marks of direction are not seen.
const squeezed = (text) => text.replace(/[\s_\u2066-\u2069]+/gu, '');

// All that a page tells, piece by piece: but pictures, what can be chosen, and ages, which go on.
export const pieces = (page) =>
  page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) {
      const text = walker.currentNode.data.trim();
      if (text && !walker.currentNode.parentElement.closest('svg, select, script, .age, .fresh')) texts.push(text);
    }
    return texts;
  });

// Which of these lynx does not show of a page.
export async function missing(lynx, url, texts) {
  const options = ['-dump', '-nolist', '-width=200', '-assume_charset=utf-8', '-display_charset=utf-8'];
  // Its exit status is 1 of a page that is none, which it shows all the same.
  const { stdout } = await run(lynx, [...options, url], OPTIONS).catch((error) => (error.code === 1 ? error : Promise.reject(error)));
  const shown = squeezed(stdout);
  return texts.filter((text) => !shown.includes(squeezed(text)));
}

// Acknowledges by the link of an alert, as somebody at a terminal does: Tab to the field, words, Tab to the button, Enter.
// `before` is how many links and fields stand before the field.
export async function acknowledge(lynx, url, before, folder) {
  const text = 'from a terminal';
  const keys = [...Array(before).fill('<tab>'), ...[...text].map((letter) => (letter === ' ' ? '<space>' : letter)), '<tab>', '^J', 'q', 'y'];
  const file = `${folder}/keys.lynx`;
  await writeFile(file, keys.map((key) => `key ${key}\n`).join(''));
  await run('script', ['-qec', `'${lynx}' -nopause -cmd_script='${file}' '${url}'`, '/dev/null'], OPTIONS);
}
