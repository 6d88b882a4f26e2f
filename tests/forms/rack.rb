# Makes random forms, and compares how the program on the command line reads them with how Rack does:
# rack.rb PROGRAM [COUNT [SEED]]
require 'json'
require 'open3'
require 'rack'
require 'rack/query_parser'

program, count, seed = ARGV
count = (count || 20_000).to_i
random = Random.new((seed || 1).to_i)
PIECES = ['a', 'b', 'contacts', 'phone', '[', ']', '[]', '[a]', '[b]', '[][a]', '[][b]', '=', '=1', '=2', '&', '&a=1',
          '&a[]=1', '&b[a]=2', '%5B', '%5D', '+', '%C3%A9'].freeze

# As many levels as the program allows. The parser's constructor differs between Rack 2 and 3.
parser = Rack::QueryParser.make_default(*(Rack.release.start_with?('2') ? [65_536, 5] : [5]))
plain = lambda do |value|
  case value
  when Hash then value.transform_values(&plain)
  when Array then value.map(&plain)
  else value
  end
end
by_rack = lambda do |body|
  JSON.generate(plain.(parser.parse_nested_query(body, '&').to_h))
rescue Rack::QueryParser::ParameterTypeError, Rack::QueryParser::InvalidParameterError, RangeError
  '400'
end

bodies = Array.new(count) { Array.new(random.rand(1..12)) { PIECES.sample(random: random) }.join }
output, status = Open3.capture2(program, stdin_data: bodies.join("\n") + "\n")
abort 'the program failed' unless status.success?
lines = output.lines(chomp: true)
abort "#{lines.size} answers to #{count} forms" unless lines.size == count
refused = 0
bodies.zip(lines) do |body, line|
  expected = by_rack.(body)
  refused += 1 if expected == '400'
  same = expected == '400' || line == '400' ? expected == line : JSON.parse(expected) == JSON.parse(line)
  abort "#{body}\nRack: #{expected}\nours: #{line}" unless same
end
puts "#{count} forms read as Rack #{Rack.release} does, #{refused} of them refused"
