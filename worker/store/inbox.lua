-- Decides, for each submission, whether it is new, and appends what is new to the stream.
--
-- KEYS: 1 the stream, 2 the hash of what waits in it (alert id -> state), 3 the prefix of the lives' keys
-- ARGV: 1 the seconds a life is remembered after its last notification; then for each submission
--       its kind (active, recovered or letter), its life, the id of its re-notification, its date ('' if it
--       gave none), its content
-- Gives, for each submission, its status and the id its sender is told.
--
-- Every submission writes something, at least the life's new expiry: so the wait for the append-only file
-- that follows covers earlier writes as well, and a duplicate is not called safe before its original is.
local answers = {}

local function append(alert_id, kind, content)
  redis.call('XADD', KEYS[1], '*', 'alert_id', alert_id, 'kind', kind, 'content', content)
end

local function notify(key, life, renotification, date, content)
  local first = redis.call('HGET', key, 'first')
  local alert_id = life
  if first and date ~= '' and first ~= date then
    alert_id = renotification
  end
  if first and (alert_id == life or redis.call('HSETNX', key, 'at:' .. date, '1') == 0) then
    return {'duplicate', alert_id}
  end
  if not first then
    redis.call('HSET', key, 'first', date)
  end
  redis.call('HSET', KEYS[2], alert_id, 'queued')
  append(alert_id, 'active', content)
  return {'accepted', alert_id}
end

local function recover(key, life, date, content)
  if redis.call('HSETNX', key, 'ended:' .. date, '1') == 1 then
    redis.call('HSETNX', KEYS[2], life, 'recovered')
    append(life, 'recovered', content)
  end
  return {'recovered', life}
end

local function keep_letter(key, letter, content)
  if redis.call('HSETNX', key, 'first', '1') == 0 then
    return {'duplicate', letter}
  end
  append(letter, 'letter', content)
  return {'accepted', letter}
end

for i = 2, #ARGV, 5 do
  local kind, life, renotification, date, content = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local key = KEYS[3] .. life
  if kind == 'active' then
    answers[#answers + 1] = notify(key, life, renotification, date, content)
  elseif kind == 'recovered' then
    answers[#answers + 1] = recover(key, life, date, content)
  else
    answers[#answers + 1] = keep_letter(key, life, content)
  end
  redis.call('EXPIRE', key, ARGV[1])
end
return answers
