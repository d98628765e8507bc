{{ equality_measures('access') }}
