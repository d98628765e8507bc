{{ equality_measures('outcomes') }}
