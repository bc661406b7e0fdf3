-- Books `wanted` on a day, unless that would go beyond its limit. Answers with the name of the part that would, or "".
-- KEYS: the day. ARGV: seconds to live, then name, wanted, limit of each part.
for i = 2, #ARGV, 3 do
  local booked = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '0')
  if booked + tonumber(ARGV[i + 1]) > tonumber(ARGV[i + 2]) then
    return ARGV[i]
  end
end
for i = 2, #ARGV, 3 do
  redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return ''
