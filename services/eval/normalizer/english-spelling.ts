/**
 * British to American spelling, word by word: families by rule (stem lists with their endings), the rest by name. A word
 * that is not listed is left alone; there is no guessing from endings (advise, four, acre).
 */

/** color: colour, coloured, colouring, colourful ... */
const OUR_STEMS =
  'arb arm behavi cand clam clang col demean endeav enam fav ferv flav glam harb hon hum lab neighb od parl ranc rig rum sav splend tum val vap vig';
/** organize: organise, organised, organisation ... */
const ISE_STEMS =
  'agon apolog author brutal capital categor central character civil colon critic crystal democrat dramat econom emphas energ equal fertil fossil general global harmon homogen hospital ideal immun individual industrial initial institutional international legal local magnet material maxim memor minim mobil modern monopol national natural neutral normal optim organ ostrac patron penal personal popular priorit privat public radical rational real recogn revolution sanit scrutin social special stabil standard steril subsid summar symbol sympath synchron synthes terror tranquil util vandal victim visual vocal';
/** center: centre, centres, centred ... */
const RE_STEMS = 'calib cent fib goit kilomet lit lust met millimet cent imet sab scept somb spect theat centimet ';
/** traveled: travelled, travelling, traveller ... */
const DOUBLE_L_STEMS =
  'cancel channel counsel dial duel equal fuel funnel grovel jewel kennel label level libel marshal marvel model panel pedal quarrel revel rival shovel shrivel signal snivel spiral squirrel swivel towel travel tunnel unravel';
const PAIRS = `
aeroplane airplane  aeroplanes airplanes  ageing aging  aluminium aluminum  anaemia anemia  anaesthetic anesthetic
analyse analyze  analysed analyzed  analyses analyzes  analysing analyzing  archaeology archeology  artefact artifact  artefacts artifacts
catalogue catalog  catalogues catalogs  cheque check  cheques checks  cosy cozy  defence defense  defences defenses
dialogue dialog  dialogues dialogs  doughnut donut  draught draft  draughts drafts  encyclopaedia encyclopedia  enrol enroll  enrolment enrollment
enthral enthrall  foetus fetus  fulfil fulfill  fulfilment fulfillment  fulfils fulfills  grey gray  greyed grayed  greyish grayish  greys grays
gynaecology gynecology  haemorrhage hemorrhage  instalment installment  instalments installments  jewellery jewelry
judgement judgment  judgements judgments  licence license  licences licenses  likeable likable  manoeuvre maneuver
manoeuvred maneuvered  manoeuvres maneuvers  manoeuvring maneuvering  mediaeval medieval  mould mold  moulded molded  moulding molding  moulds molds
moustache mustache  moustaches mustaches  offence offense  offences offenses  paediatric pediatric  paralyse paralyze  paralysed paralyzed
plough plow  ploughed plowed  ploughing plowing  ploughs plows  practise practice  practised practiced  practises practices  practising practicing
pretence pretense  pretences pretenses  programme program  programmes programs  pyjamas pajamas  sceptical skeptical  skilful skillful
skilfully skillfully  smoulder smolder  smouldering smoldering  storey story  storeys stories  sulphur sulfur  tyre tire  tyres tires  wilful willful  sheikh sheik  sheikhs sheiks  sheikh sheik  sheikhs sheiks
wilfully willfully  woollen woolen  woollens woolens
`;

const AMERICAN = spellings();
const PREFIXED = /^(de|dis|mis|out|over|re|un|under)(.+)$/u;

/** `text`: words between single spaces. */
export function americanSpelling(text: string): string {
  return text
    .split(' ')
    .map((word) => AMERICAN.get(word) ?? withPrefix(word))
    .join(' ');
}

/** disorganised, unfavourable, outmanoeuvred: the word behind the prefix decides. */
function withPrefix(word: string): string {
  const [, prefix, rest] = PREFIXED.exec(word) ?? [];
  const american = rest === undefined ? undefined : AMERICAN.get(rest);
  return american === undefined ? word : prefix + american;
}

function spellings(): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  const family = (stems: string, british: readonly string[], american: readonly string[]) => {
    for (const stem of stems.split(/\s+/u).filter(Boolean)) {
      british.forEach((ending, i) => {
        words.set(stem + ending, stem + american[i]!);
      });
    }
  };
  const ourEndings = [
    '',
    's',
    'ed',
    'ing',
    'ful',
    'fully',
    'less',
    'able',
    'ably',
    'ite',
    'ites',
    'er',
    'ers',
    'y',
    'hood',
    'hoods',
  ];
  family(
    OUR_STEMS,
    ourEndings.map((ending) => `our${ending}`),
    ourEndings.map((ending) => `or${ending}`),
  );
  const iseEndings = ['e', 'ed', 'es', 'ing', 'er', 'ers', 'ation', 'ations'];
  family(
    ISE_STEMS,
    iseEndings.map((ending) => `is${ending}`),
    iseEndings.map((ending) => `iz${ending}`),
  );
  family(RE_STEMS, ['re', 'res', 'red'], ['er', 'ers', 'ered']);
  const lEndings = ['ed', 'ing', 'er', 'ers'];
  family(
    DOUBLE_L_STEMS,
    lEndings.map((ending) => `l${ending}`),
    lEndings,
  );
  for (const pair of PAIRS.trim().split(/\s{2,}|\n/u)) {
    const [british, american] = pair.trim().split(' ');
    if (british && american) words.set(british, american);
  }
  return words;
}
