-- Decides, for each submission, whether it is new, and appends what is new to the stream.
--
-- KEYS: 1 the stream, 2 the hash of what waits in it (alert id -> state), 3 the prefix of the lives' keys
-- ARGV: 1 the seconds a life is remembered after its last notification; then for each submission
--       its head (kind, life, id of its re-notification, date, with a space between: kind is active, recovered or
--       letter; the last two may be empty), what is to be kept about it, its content
-- Gives one string, a character for each submission: a accepted, d duplicate, r recovered; a capital where the sender
-- is told the id of the re-notification. That is read in no time, however many they are.
--
-- Every submission writes something, at least the life's new expiry: so the wait for the append-only file
-- that follows covers earlier writes as well, and a duplicate is not called safe before its original is.
local answers = {}

local function append(alert_id, kind, about, content)
  redis.call('XADD', KEYS[1], '*', 'alert_id', alert_id, 'kind', kind, 'about', about, 'content', content)
end

local function notify(key, life, renotification, date, about, content)
  local first = redis.call('HGET', key, 'first')
  local alert_id, accepted, duplicate = life, 'a', 'd'
  if first and date ~= '' and first ~= date then
    alert_id, accepted, duplicate = renotification, 'A', 'D'
  end
  if first and (alert_id == life or redis.call('HSETNX', key, 'at:' .. date, '1') == 0) then
    return duplicate
  end
  if not first then
    redis.call('HSET', key, 'first', date)
  end
  redis.call('HSET', KEYS[2], alert_id, 'queued')
  append(alert_id, 'active', about, content)
  return accepted
end

local function recover(key, life, date, about, content)
  if redis.call('HSETNX', key, 'ended:' .. date, '1') == 1 then
    redis.call('HSETNX', KEYS[2], life, 'recovered')
    append(life, 'recovered', about, content)
  end
  return 'r'
end

local function keep_letter(key, letter, about, content)
  if redis.call('HSETNX', key, 'first', '1') == 0 then
    return 'd'
  end
  append(letter, 'letter', about, content)
  return 'a'
end

for i = 2, #ARGV, 3 do
  local kind, life, renotification, date = string.match(ARGV[i], '^(%S+) (%S+) (%S*) (%S*)$')
  local about, content = ARGV[i + 1], ARGV[i + 2]
  local key = KEYS[3] .. life
  if kind == 'active' then
    answers[#answers + 1] = notify(key, life, renotification, date, about, content)
  elseif kind == 'recovered' then
    answers[#answers + 1] = recover(key, life, date, about, content)
  else
    answers[#answers + 1] = keep_letter(key, life, about, content)
  end
  redis.call('EXPIRE', key, ARGV[1])
end
return table.concat(answers)
