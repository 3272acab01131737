// Shows a Node.js function the platform's clock instead of the machine's; other timers stay real.

import fs from "node:fs";

const PAGE = process.env.PILEUS_CLOCK_PAGE ?? "/var/runtime/.clock";
const PAGE_BYTES = 24;
const CLOCK_PLACE = 8;
// A reading serves this long: less than any way to change the clock and hear of it takes.
const FRESH_MS = 0.05;

/** `Date` by the page that kernel/clock_page.py writes, if there is one. */
export function installClock() {
  let page;
  try {
    page = fs.openSync(PAGE, "r");
  } catch {
    return;
  }
  const RealDate = Date;
  const realNow = Date.now;
  const buffer = Buffer.alloc(PAGE_BYTES);
  let readAt = -Infinity;
  let isFrozen = false;
  let shownMs = 0;

  function now() {
    const at = performance.now();
    if (at - readAt > FRESH_MS) {
      fs.readSync(page, buffer, 0, PAGE_BYTES, 0);
      const word = buffer.readBigInt64LE(CLOCK_PLACE);
      isFrozen = (word & 1n) === 1n;
      shownMs = Number((word >> 1n) / 1_000_000n);
      readAt = at;
    }
    return isFrozen ? shownMs : realNow() + shownMs;
  }

  RealDate.now = now;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, parts, made) =>
      Reflect.construct(target, parts.length ? parts : [now()], made),
    apply: () => new RealDate(now()).toString(),
  });
  RealDate.prototype.constructor = globalThis.Date;
}
