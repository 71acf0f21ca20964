// Looks at the pages of running boards in Chromium: for axe-core, for their width, for what they ask of whom, and without
// script.
//
//     look.mjs MODULES CHROMIUM FLEET=PAGE,TOKEN[,LINK]...
//
// MODULES is where node_modules is. A line for each page: ok, or FAIL and why. What was tried is counted at the end. Exit
// status 1 when something failed.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { CHROMIUM } from './chromium.mjs';

const [modules, executablePath, ...fleets] = process.argv.slice(2);
const require = createRequire(modules + '/');
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const WIDTHS = [320, 768, 1600];
const SCHEMES = ['light', 'dark'];

// Who may see them all, and what only who is logged in sees: forms. One with another status than 200 has it behind it.
const PAGES = {
  empty: { all: ['/', '/incidents', '/levels', '/log', '/reports', '/login'], acting: ['/'] },
  well: { all: ['/', '/n/shop', '/p/shop'], acting: ['/n/shop'] },
  burning: {
    all: [
      '/', '/g/web?span=7d', '/g/front/page', '/g/rack/open', '/g/push?span=30d', '/h/web3', '/n/shop',
      '/incidents', '/incidents/1', '/log?name=mail/oco', '/log?kind=alert', '/levels', '/reports', '/login', '/p/shop',
      '/h/nobody 404', '/g/web?span=x 400', '/a/00000000000000000000000000000000 404', 'link',
    ],
    acting: ['/', '/g/front/page', '/h/web3', '/n/shop', '/login'],
  },
};

const counted = { pages: 0, looks: 0, 'axe-core rules that passed': 0, requests: 0, 'pages without script': 0 };
let failed = 0;

const browser = await chromium.launch({ executablePath, args: CHROMIUM });

// A context whose requests are seen, logged in where there is a token.
async function open(base, token, options) {
  const context = await browser.newContext(options);
  const strangers = new Set();
  context.on('request', (request) => {
    counted.requests += 1;
    if (new URL(request.url()).origin !== base) strangers.add(request.url());
  });
  const page = await context.newPage();
  if (token) {
    await page.goto(base + '/login');
    await page.fill('input[name=token]', token);
    await page.click('main form[action="/login"] button');
  }
  return { context, page, strangers };
}

// What axe-core has against a page, and how wide it is, at each width, light and dark.
async function look(page) {
  const wrong = [];
  await page.evaluate(axe);
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      const { violations, passes } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'], preload: false }));
      counted.looks += 1;
      counted['axe-core rules that passed'] += passes.length;
      for (const { id, help, nodes } of violations) {
        wrong.push(`${colorScheme}, ${width} px: ${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html).join(' ')}`);
      }
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) wrong.push(`${colorScheme}, ${width} px: ${over} px too wide`);
    }
  }
  return wrong;
}

// Its headings, and how much there is: the same with script and without.
const content = (page) =>
  page.evaluate(() => {
    const count = (what) => document.querySelectorAll(`main ${what}`).length;
    const heads = [...document.querySelectorAll('main h1, main h2, main caption')].map((one) => one.textContent.trim());
    return JSON.stringify([heads, count('li'), count('tr'), count('form'), count('svg')]);
  });

async function visit(fleet, base, link, token, paths) {
  const { context, page, strangers } = await open(base, token, {});
  const plain = await open(base, token, { javaScriptEnabled: false });
  for (const one of paths) {
    const [path, status = '200'] = (one === 'link' ? link : base + one).split(' ');
    const wrong = [];
    const answer = await page.goto(path);
    if (String(answer.status()) !== status) wrong.push(`status ${answer.status()}`);
    await plain.page.goto(path);
    let [scripted, unscripted] = [await content(page), await content(plain.page)];
    // The fleet goes on meanwhile: what differs by that does not differ again and again.
    for (let tries = 0; tries < 5 && scripted !== unscripted; tries += 1) {
      await page.goto(path);
      await plain.page.goto(path);
      [scripted, unscripted] = [await content(page), await content(plain.page)];
    }
    wrong.push(...(await look(page)));
    if (!JSON.parse(unscripted)[0].length) wrong.push('no heading');
    if (scripted !== unscripted) wrong.push(`with script ${scripted}, without ${unscripted}`);
    for (const stranger of [...strangers, ...plain.strangers]) wrong.push(`asks ${stranger}`);
    counted.pages += 1;
    counted['pages without script'] += 1;
    const name = `${fleet}${token ? ', logged in' : ''}: ${one === 'link' ? 'the link of an alert' : one}`;
    if (wrong.length) failed += 1;
    console.log(wrong.length ? `FAIL ${name}\n     ${wrong.join('\n     ')}` : `ok   ${name}`);
  }
  await context.close();
  await plain.context.close();
}

await Promise.all(
  fleets.map(async (one) => {
    const [fleet, rest] = one.split(/=(.*)/);
    const [base, token, link] = rest.split(',');
    await visit(fleet, base, link, '', PAGES[fleet].all);
    await visit(fleet, base, link, token, PAGES[fleet].acting);
  }),
);
await browser.close();
console.log(Object.entries(counted).map(([what, count]) => `${count} ${what}`).join(', ') + `, ${failed} pages failed`);
process.exit(failed ? 1 : 0);
