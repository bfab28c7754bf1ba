/**
 * Three texts of about a megabyte, cut into paragraphs: English (XQuAD's contexts where the shared data is there, else sentences from here),
 * Chinese (sentences from here, shuffled), and random code points of the first two planes with a space now and then.
 * The random numbers have a seed: every run and every tokenizer gets the same text.
 */

import { existsSync, readFileSync } from "node:fs";

const MEGABYTE = 1_000_000;

const ENGLISH = [
  "The river had risen overnight, and by the time the ferryman unlocked his shed the lower steps were under water.",
  "Most of what we call intuition is memory that has forgotten where it came from, she said, and closed the notebook.",
  "In 1973 the town counted 4,812 inhabitants, two railway stations, eleven bakeries and not a single traffic light.",
  "Don't mistake the map for the territory: contour lines won't tell you that the bridge has been gone since March.",
  "Photosynthesis converts carbon dioxide and water into glucose; the oxygen we breathe is, strictly speaking, its waste.",
  "Their quarterly report (see p. 17) blamed weather, logistics and an unexpectedly popular competitor for the 3.5% decline.",
];
const CHINESE = [
  "清晨的市场里，卖菜的老人一边整理摊位，一边和邻居聊着昨天的雨。",
  "这座城市在二十年里修建了十二条地铁线路，每天运送超过一千万人次。",
  "研究人员发现，睡眠不足会影响记忆的形成，尤其是对年轻人而言。",
  "他把信折好放进抽屉，决定等到春天再寄出去。",
  "根据二〇一九年的统计，该地区的森林覆盖率已经达到百分之四十三。",
  "图书馆晚上九点关门，但是自习室一直开放到午夜。",
  "如果明天不下雨，我们就去山上看日出，然后在寺庙里吃一碗素面。",
  "电动汽车的电池成本逐年下降，续航里程却在不断提高。",
];

export interface Corpus {
  readonly name: string;
  readonly paragraphs: readonly string[];
  readonly bytes: number;
}

export function corpora(): Corpus[] {
  return [
    corpus("English", filled(englishParagraphs())),
    corpus("Chinese", filled(mixed(CHINESE))),
    corpus("random Unicode", randomParagraphs()),
  ];
}

function corpus(name: string, paragraphs: readonly string[]): Corpus {
  return { name, paragraphs, bytes: paragraphs.reduce((sum, paragraph) => sum + Buffer.byteLength(paragraph), 0) };
}

function englishParagraphs(): string[] {
  const file = new URL("../../../shared/data/xquad/xquad.en.json", import.meta.url);
  if (!existsSync(file)) return mixed(ENGLISH);
  const { data } = JSON.parse(readFileSync(file, "utf8")) as { data: { paragraphs: { context: string }[] }[] };
  return data.flatMap(({ paragraphs }) => paragraphs.map(({ context }) => context));
}

/** Repeats paragraphs until there is a megabyte. */
function filled(paragraphs: readonly string[]): string[] {
  const out: string[] = [];
  for (let bytes = 0; bytes < MEGABYTE; ) {
    const paragraph = paragraphs[out.length % paragraphs.length]!;
    out.push(paragraph);
    bytes += Buffer.byteLength(paragraph);
  }
  return out;
}

/** Paragraphs of eight sentences in random order. */
function mixed(sentences: readonly string[]): string[] {
  const random = generator(7);
  return Array.from({ length: 200 }, () => Array.from({ length: 8 }, () => sentences[Math.floor(random() * sentences.length)]!).join(""));
}

function randomParagraphs(): string[] {
  const random = generator(11);
  const out: string[] = [];
  for (let bytes = 0; bytes < MEGABYTE; ) {
    let paragraph = "";
    while (paragraph.length < 200) {
      const codePoint = Math.floor(random() * 0x20000);
      paragraph += random() < 0.15 || (codePoint >= 0xd800 && codePoint <= 0xdfff) ? " " : String.fromCodePoint(codePoint);
    }
    out.push(paragraph);
    bytes += Buffer.byteLength(paragraph);
  }
  return out;
}

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
