// Takes the pictures of the README from a running board.
//
//     pictures.mjs MODULES CHROMIUM PAGE TOKEN FOLDER
import { createRequire } from 'node:module';
import { CHROMIUM } from './chromium.mjs';

const [modules, executablePath, base, token, folder] = process.argv.slice(2);
const { chromium } = createRequire(modules + '/')('playwright-core');

const PICTURES = [
  { name: 'overview', path: '/', colorScheme: 'light', width: 1000, height: 680 },
  { name: 'hosts-by-time', path: '/g/front/page?span=7d', colorScheme: 'dark', width: 1000, height: 690 },
];

const browser = await chromium.launch({ executablePath, args: CHROMIUM });
for (const { name, path, colorScheme, width, height } of PICTURES) {
  const page = await browser.newPage({ colorScheme, viewport: { width, height } });
  await page.goto(base + '/login');
  await page.fill('input[name=token]', token);
  await page.click('main form[action="/login"] button');
  await page.goto(base + path);
  await page.screenshot({ path: `${folder}/${name}.png` });
}
await browser.close();
