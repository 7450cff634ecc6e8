// SPDX-License-Identifier: BSD-3-Clause
// What HTTP_GET and SSL_GET have beyond other checkers.
#pragma once

#include <string>

#include "config/keepalived/check.h"

namespace lbd::config::keepalived {

struct HttpCheck {
    Yaml urls = Yaml::list();
    std::string version = "1.0"; // keepalived's default
    std::string host;            // of the first url that has one
};

void add_http_keywords(Keywords& keywords, HttpCheck& http, CheckDefaults& values, Scene& scene);
void put_http(Yaml& check, const HttpCheck& http, const std::string& virtualhost, bool tls,
              const Block& block, Scene& scene);

} // namespace lbd::config::keepalived
