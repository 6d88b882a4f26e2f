// The page of the local server: phones, what happens, what is stored, the clock and the faults.

import { showClock } from './clock.js';
import { numberIn } from './countries.js';
import { $ } from './element.js';
import { showFaults } from './faults.js';
import { Phone, phones, refresh } from './phone.js';
import { showTables } from './tables.js';
import { follow } from './timeline.js';

const PEOPLE = [['Alice', '+14155550100'], ['Bob', '+16505550123'], ['Carla', numberIn('DE', [])], ['Dev', numberIn('IN', [])]];

// The tour.

const STEPS = [
  ['Alice signs up, and her phone is registered for pushes.', ([alice]) => alice.act('join')],
  ['She uploads her contacts. Bob is among them, and isn’t a user yet.', ([alice]) => alice.upload('Bob from work,(650) 555-0123\nGordie Kann,1879108395')],
  ['Now Bob signs up. Watch Alice’s phone: the push has the name from her own book.', ([, bob]) => bob.act('join')],
  ['She sees that he is a user, and what all of it cost is told below. That is the tour; now try Hide, Mute and Leave.', () => refresh()],
];
let step = 0;

$('#tour').addEventListener('click', async () => {
  const guide = $('#guide');
  guide.hidden = false;
  $('#tour').disabled = true;
  const [text, act] = STEPS[step];
  guide.textContent = `${step + 1} of ${STEPS.length}: ${text}`;
  await act(phones);
  step = (step + 1) % STEPS.length;
  $('#tour').textContent = step === 0 ? 'Start the tour again' : 'Next';
  $('#tour').disabled = false;
});

const addPhone = () => phones.push(new Phone(PEOPLE[phones.length] ?? [`Person ${phones.length + 1}`, `+1415555${String(100 + phones.length).padStart(4, '0')}`]));
$('#add').addEventListener('click', addPhone);
addPhone();
addPhone();

showTables();
const opened_ms = await showClock(refresh);
follow((event) => {
  // An event of an earlier page is history.
  if (event.kind === 'push' && event.at_ms >= opened_ms - 1000) {
    const receivers = phones.filter((phone) => phone.udid === event.device_udid);
    for (const phone of receivers) phone.show(event);
  }
  if (event.kind === 'message') refresh();
});
await showFaults();
