-- Arithmetic, overflow, division, rounding, comparison of numbers.
i + 1
i - bi
bi + 1
ti + ti
ti * ti
si * ti
i * 2
CAST(i AS bigint) * 2
bi * 2
i / 2
-i / 2
bi / 3
i / ti
i % 3
bi % 7
ti % NULLIF(si, 0)
-i
-ti
i / 2.0
i / 2e0
d / 0
d / 3
d * 2
d + r
r + r
r / 3
r * i
d % 2
-d
d52 + d52
d52 - d204
d52 * d52
d52 * d204
d52 / 3
d52 / CAST(3 AS bigint)
d52 / d100
d204 / NULLIF(d52, 0)
d100 / 7
d100 % 7
d52 % 1
d52 + i
d52 * i
d52 + bi
d52 + d
d52 * r
d3810 + d52
d3810 - d204
d3810 * 2
d3810 / 3
-d52
1.0 / 3
2 / 3.00
CAST(2 AS decimal(38,0)) / 3
10 / NULLIF(i, 0)
10 % NULLIF(i, 0)
abs(i)
abs(d)
abs(d52)
abs(bi)
sign(i)
sign(d)
sign(d52)
round(d)
round(d, 2)
round(d52)
round(d52, 1)
round(d204, 2)
round(d3810, 3)
round(r)
round(i, -1)
round(bi, -2)
round(d52, -1)
truncate(d)
truncate(d52)
truncate(d204, 1)
floor(d)
floor(d52)
floor(i)
ceil(d)
ceiling(d204)
ceil(-0.5)
mod(i, 5)
mod(d, 3)
mod(d52, 2)
power(i, 2)
power(d, 0.5)
pow(2, ti)
sqrt(i)
sqrt(d)
cbrt(d)
exp(ti / 10)
ln(i)
ln(d)
log2(bi)
log10(d)
log(2, i)
sin(r)
cos(r)
tan(r)
atan(d)
atan2(d, 2)
asin(r / 100)
degrees(r)
radians(r)
pi()
e()
is_nan(d)
is_finite(d)
is_infinite(d)
nan() = nan()
infinity() > d
greatest(i, bi)
greatest(i, 5, ti)
greatest(d52, d204)
least(i, bi, 3)
least(d, 1e0)
greatest(s, 'b')
bitwise_and(i, 255)
bitwise_or(i, 8)
bitwise_xor(bi, 1)
bitwise_not(i)
bitwise_left_shift(ti, 2)
bit_count(i, 64)
width_bucket(d, 0e0, 100e0, 10)
i = bi
i < d
i = d52
d52 > d
d52 = d204
d = d
d <> d
d > 1e308
d < 0
r = 0.1
d = 0.1
r = d
i BETWEEN -10 AND 10
d BETWEEN -1 AND 2.5
i IN (1, 2, NULL)
i NOT IN (1, 2)
d52 IN (1.25, 2.50)
i IS DISTINCT FROM ti
i IS NOT DISTINCT FROM ti
nullif(i, 0)
nullif(i, 1.0)
coalesce(i, bi, 0)
coalesce(d52, d204)
coalesce(ti, d)
if(i > 0, 'pos', 'neg')
if(i > 0, i)
if(b, i, d52)
CASE WHEN i > 0 THEN 1 WHEN i < 0 THEN -1.5 ELSE 0 END
CASE i WHEN 1 THEN 'one' WHEN -7 THEN 'minus seven' END
CASE WHEN d > 0 THEN d52 ELSE i END
try(10 / i)
try(bi + 1)
try(CAST(bi AS integer))
from_base('ff', 16)
to_base(abs(ti), 2)
TINYINT '5' * ti
SMALLINT '100' + si
REAL '1.1' + r
DECIMAL '0.1' + d52
DOUBLE '0.1' + d
1e0 * d52
0.1 + 0.2
1.10 * 1.10
123456789012345678901234567890 + 1
-2147483648
9223372036854775807 - 1
-- What fails on some row, without that row.
try(i + 1)
try(ti + ti)
try(ti * ti)
try(si * ti)
try(i * 2)
try(bi * 2)
try(-i / 2)
try(i / ti)
try(-i)
try(-ti)
try(d52 / d100)
try(d3810 + d52)
try(d3810 * 2)
try(abs(i))
try(abs(bi))
try(round(d3810, 3))
try(width_bucket(d, 0e0, 100e0, 10))
try(to_base(abs(ti), 2))
try(TINYINT '5' * ti)
try(SMALLINT '100' + si)
round(k, -1)
round(si, -2)
round(ti, -1)
round(k * 5, -1)
round(-k * 5, -1)
round(bi / 10, -3)
round(d204, -2)
round(d52, -3)
round(d52 * 10, -1)
round(d100, -1)
truncate(d52, 1)
truncate(d52, -1)
truncate(d100, -2)
truncate(d204, 3)
truncate(d204, 9)
d52 % 0.3
d204 % d52
d204 % CAST(7 AS decimal(3,0))
k % 1.5
-7.5 % 2
7.5 % -2.0
d52 % 0.0
mod(d204, 7)
bitwise_left_shift(si, 3)
bitwise_left_shift(i, 5)
bitwise_left_shift(bi, 1)
bitwise_left_shift(bi, 63)
bitwise_left_shift(bi, 64)
bitwise_left_shift(1, k)
bitwise_left_shift(bi, 0)
bitwise_right_shift(ti, 2)
bitwise_right_shift(si, 3)
bitwise_right_shift(i, 5)
bitwise_right_shift(bi, 1)
bitwise_right_shift(bi, 0)
bitwise_right_shift(bi, 63)
bitwise_right_shift(bi, 64)
bitwise_right_shift_arithmetic(ti, 2)
bitwise_right_shift_arithmetic(si, 20)
bitwise_right_shift_arithmetic(i, 5)
bitwise_right_shift_arithmetic(bi, 62)
bitwise_right_shift_arithmetic(bi, 70)
bitwise_right_shift(d, 1)
from_base('-7f', 16)
from_base('+101', 2)
from_base('zz', 36)
from_base('0x1f', 16)
from_base('9223372036854775807', 10)
from_base('9223372036854775808', 10)
from_base('12', 2)
from_base('', 10)
from_base('1', 1)
from_base('1', 37)
try(from_base(s, 36))
from_base(NULL, 10)
to_base(bi, 2)
to_base(bi, 16)
to_base(i, 36)
to_base(i, 37)
typeof(to_base(5, 2))
from_big_endian_64(to_big_endian_64(bi))
to_big_endian_64(i)
from_big_endian_64(bin)
try(from_big_endian_64(xxhash64(bin)))
to_hex(xxhash64(to_utf8(s)))
from_big_endian_64(xxhash64(to_utf8(s))) % 10
NULL + k
k * NULL
NULL * bi
d * NULL
d / NULL
NULL / d
NULL * r
NULL * d204
d204 / NULL
NULL % d52
NULL % NULL
NULL + NULL
-NULL
CAST(' 1.5' AS decimal(5,2))
CAST('1.5 ' AS decimal(5,2))
CAST(chr(9) || '5.5' || chr(10) AS double)
CAST(chr(11) || '5.5' || chr(1) AS double)
CAST(chr(12288) || '5.5' AS double)
CAST(chr(9) || '5' AS integer)
sinh(d / 1e300)
cosh(r)
tanh(d)
to_base64url(bin)
to_base32(bin)
to_base32(to_utf8(s))
luhn_check('79927398713')
luhn_check('79927398710')
luhn_check('0')
luhn_check('12a')
luhn_check(NULL)
normal_cdf(0, 1, 1.96)
normal_cdf(d52, 2, r)
normal_cdf(0, 0, 1)
inverse_normal_cdf(0, 1, 0.975)
inverse_normal_cdf(2, 0.5, 0.1e0)
inverse_normal_cdf(0, 1, 1)
inverse_normal_cdf(0, 1, 0)
inverse_normal_cdf(0, -1, 0.5)
wilson_interval_lower(5, 20, 1.96e0)
wilson_interval_upper(5, 20, 1.96e0)
wilson_interval_lower(k, 20, 2.57)
wilson_interval_upper(0, k, 1)
wilson_interval_lower(-1, 20, 1)
wilson_interval_lower(2, 0, 1)
wilson_interval_upper(21, 20, 1)
wilson_interval_upper(1, 20, -1e0)
wilson_interval_upper(1, NULL, 1e0)
CAST(r AS varchar)
CAST(CAST(123456789.987 AS real) AS varchar)
CAST(CAST(1e15 AS real) AS varchar)
CAST(CAST(16777217 AS real) AS varchar)
CAST(CAST(1e-7 AS real) AS varchar)
CAST(CAST(0.1 AS real) AS varchar)
CAST(CAST(99999995 AS real) AS varchar)
CAST(99999999.995 AS decimal(14,3)) * CAST(99999999.995 AS decimal(14,3))
CAST(99999999.995 AS decimal(14,3)) * bi
d204 * d52
CAST(9999999999.99 AS decimal(12,2)) * CAST(9999999.99 AS decimal(9,2))
