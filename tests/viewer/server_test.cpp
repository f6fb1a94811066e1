// The viewer's API over loopback, with friendly and hostile clients.
#include "lifted/viewer/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <future>
#include <nlohmann/json.hpp>

#include "lifted/base/error.h"
#include "lifted/formats/color_map.h"
#include "lifted/viewer/http_server.h"
#include "lifted/viewer/memory_keeper.h"
#include "tests/support/http_client.h"
#include "tests/support/measured_program.h"
#include "tests/support/tiny_networks.h"

namespace lifted::viewer {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string& long_script() {
  static const std::string text = [] {
    std::string lines;
    for (int i = 0; i < 1000; ++i) lines += fmt::format("const value{} = 0;\n", i % 10);
    return lines;
  }();
  return text;
}

ServerOptions options_for_tests() {
  ServerOptions options;
  options.threads = 1;
  options.page = {{"/", "text/html", "<!doctype html>page"}, {"/long.js", "text/javascript", long_script()}};
  return options;
}

std::string unzipped(const std::string& bytes) {
  std::string text(1 << 20, '\0');
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

std::vector<ShownNetwork> networks_for_tests() {
  return {{"one", test::tiny_lifted(1)}, {"two", test::tiny_lifted(2)}, {"plain", test::tiny_generator(1)}};
}

class ViewerServer : public ::testing::Test {
 protected:
  test::HttpAnswer get(const std::string& target) const { return test::http(server.port(), "GET", target); }
  test::HttpAnswer post(const std::string& target, const std::string& body) const {
    return test::http(server.port(), "POST", target, body);
  }
  formats::Image picture(const std::string& query) const {
    const test::HttpAnswer answer = get("/api/v1/render?" + query);
    EXPECT_EQ(answer.status, 200) << query << ": " << answer.body;
    return formats::read_image(answer.body.data(), answer.body.size(), query);
  }
  nlohmann::json json(const std::string& target) const { return nlohmann::json::parse(get(target).body); }

  Server server{networks_for_tests(), options_for_tests()};
};

TEST_F(ViewerServer, ListsItsNetworksWithoutTheirFolders) {
  const nlohmann::json list = json("/api/v1/networks")["networks"];
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0]["name"], "one");
  EXPECT_EQ(list[1]["lifted"], true);
  EXPECT_EQ(list[2]["lifted"], false);
  EXPECT_EQ(list[2]["size"], 16);
  EXPECT_EQ(json("/api/v1/health")["status"], "ok");
}

TEST_F(ViewerServer, RendersWhatTheModelRenders) {
  const ShownNetwork same = networks_for_tests()[0];
  Studio studio({same}, 1 << 20);
  PictureRequest request;
  request.latent.seed = 5;
  request.view.yaw = 20;
  const formats::Image expected = studio.picture(request);
  EXPECT_EQ(picture("seed=5&yaw=20"), expected);
  const test::HttpAnswer posted = post("/api/v1/render", R"({"seed": 5, "yaw": 20})");
  EXPECT_EQ(formats::read_image(posted.body.data(), posted.body.size(), "posted"), expected);
  EXPECT_THAT(posted.head, HasSubstr("Content-Type: image/png"));
}

TEST_F(ViewerServer, EveryControlChangesThePicture) {
  const formats::Image base = picture("seed=5&yaw=0");
  for (const char* change :
       {"seed=6&yaw=0", "seed=5&yaw=25", "seed=5&yaw=0&pitch=25", "seed=5&yaw=0&roll=25", "seed=5&yaw=0&light_yaw=60",
        "seed=5&yaw=0&ambient=0.9", "seed=5&yaw=0&diffuse=0", "seed=5&yaw=0&psi=-1", "seed=5&yaw=0&blend_seed=9",
        "seed=5&yaw=0&mix_seed=9", "seed=5&yaw=0&what=depth", "seed=5&yaw=0&what=normals", "seed=5&yaw=0&what=albedo",
        "seed=5&yaw=0&what=wire", "seed=5&yaw=0&what=neutral", "seed=5&yaw=0&what=teacher", "seed=5&yaw=0&network=1"}) {
    EXPECT_NE(picture(change), base) << change;
  }
  EXPECT_EQ(picture("seed=5&yaw=0&blend_seed=9&blend=0"), base);
  EXPECT_EQ(picture("seed=9&yaw=0"), picture("seed=5&yaw=0&blend_seed=9&blend=1"));
  EXPECT_EQ(picture("seed=5&yaw=0"), base) << "rendering again from the cache gives the same bits";
}

TEST_F(ViewerServer, SizesFormatsAndKinds) {
  EXPECT_EQ(picture("size=64").width, 64);
  EXPECT_EQ(picture("size=16").width, 16);
  for (const char* what : {"image", "albedo", "depth", "normals", "shading", "neutral", "wire", "transform", "mask"}) {
    EXPECT_EQ(picture(fmt::format("size=40&background=203040&what={}", what)).width, 40) << what;
  }
  for (const char* format : {"png", "jpeg", "webp"}) {
    EXPECT_THAT(get(fmt::format("/api/v1/render?format={}", format)).head, HasSubstr(fmt::format("image/{}", format)));
    EXPECT_EQ(picture(fmt::format("format={}", format)).width, 16);
  }
}

TEST_F(ViewerServer, PredictionsAskedForReproduceThePicture) {
  const nlohmann::json face = json("/api/v1/face?seed=5");
  const nlohmann::json light = face["light"];
  const auto given = picture(fmt::format("seed=5&light_yaw={}&light_pitch={}&ambient={}&diffuse={}",
                                         light["light_yaw"].get<double>(), light["light_pitch"].get<double>(),
                                         light["ambient"].get<double>(), light["diffuse"].get<double>()));
  const auto predicted = picture("seed=5");
  ASSERT_EQ(given.pixels.size(), predicted.pixels.size());
  int difference = 0;
  for (size_t i = 0; i < given.pixels.size(); ++i) {
    difference = std::max(difference, std::abs(given.pixels[i] - predicted.pixels[i]));
  }
  EXPECT_LE(difference, 1) << "three digits of an angle are all that may be lost";
  EXPECT_TRUE(face["view"]["yaw"].is_number());
}

TEST_F(ViewerServer, MeshesAndAnimations) {
  const test::HttpAnswer glb = get("/api/v1/mesh?seed=5&trim=none");
  EXPECT_EQ(glb.status, 200) << glb.body;
  EXPECT_EQ(glb.body.substr(0, 4), "glTF");
  EXPECT_THAT(glb.head, HasSubstr("filename=\"seed0005.glb\""));
  EXPECT_EQ(post("/api/v1/mesh", R"({"seed": 5, "trim": "none", "format": "ply", "yaw": 10})").body.substr(0, 3),
            "ply");
  const test::HttpAnswer gif = get("/api/v1/video?format=gif&frames=4&path=turntable");
  EXPECT_EQ(gif.status, 200) << gif.body;
  EXPECT_EQ(gif.body.substr(0, 3), "GIF");
  EXPECT_EQ(get("/api/v1/video?format=mp4&frames=4&path=light").body.substr(4, 4), "ftyp");
}

TEST_F(ViewerServer, PlainGeneratorsShowTheirPictureOnly) {
  EXPECT_EQ(picture("network=2").width, 16);
  EXPECT_EQ(picture("network=2&size=64").width, 64);
  for (const char* target : {"render?network=2&what=depth", "mesh?network=2", "face?network=2"}) {
    const test::HttpAnswer answer = get(std::string("/api/v1/") + target);
    EXPECT_EQ(answer.status, 422) << target;
    EXPECT_THAT(answer.body, HasSubstr("plain"));
  }
}

TEST_F(ViewerServer, PageAndSecurityHeaders) {
  const test::HttpAnswer page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<!doctype html>page");
  EXPECT_THAT(page.head, HasSubstr("Content-Security-Policy: default-src 'none'"));
  EXPECT_THAT(page.head, HasSubstr("nosniff"));
  EXPECT_EQ(test::http(server.port(), "HEAD", "/").status, 200);
}

TEST_F(ViewerServer, AddressesThatDoNotExist) {
  for (const char* target :
       {"/etc/passwd", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/api/v1/../../etc/passwd",
        "/api/v1/render/..", "/api/v1/", "/api/v2/render", "/api/v1/render%00", "//", "/viewer.js%00"}) {
    const int status = get(target).status;
    EXPECT_GE(status, 400) << target;
    EXPECT_LT(status, 500) << target;
  }
  EXPECT_EQ(test::http(server.port(), "DELETE", "/api/v1/render").status, 405);
  EXPECT_EQ(test::http(server.port(), "POST", "/").status, 405);
}

TEST_F(ViewerServer, MalformedRequestsAreTheClientsFault) {
  for (const char* body : {"{", "[]", R"({"seed": -1})", R"({"what": "x"})", R"({"nothing": 1})", "\xff\xfe"}) {
    const test::HttpAnswer answer = post("/api/v1/render", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(nlohmann::json::parse(answer.body)["error"]["status"], 400);
  }
  EXPECT_EQ(post("/api/v1/render?seed=1", "{}").status, 400);
  EXPECT_EQ(post("/api/v1/render", std::string(70000, ' ')).status, 413);
  const std::string chunked = "POST /api/v1/render HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string endless = chunked;
  for (int i = 0; i < 300; ++i) endless += "2000\r\n" + std::string(8192, 'x') + "\r\n";
  const int status = test::send_raw(server.port(), endless).status;
  EXPECT_TRUE(status == 0 || status == 413) << status;  // cut off, or told so
  EXPECT_EQ(get("/api/v1/health").status, 200) << "still there";
}

TEST_F(ViewerServer, BytesThatAreNotHttp) {
  std::vector<std::string> messages = {
      "\r\n\r\n",
      "GET\r\n\r\n",
      std::string(100, '\0') + "\r\n\r\n",
      "GET /api/v1/health HTTP/9.9\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n"};
  messages.push_back("GET /" + std::string(100000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::string headers = "GET / HTTP/1.1\r\nHost: localhost\r\n";
  for (int i = 0; i < 5000; ++i) headers += fmt::format("X-{}: {}\r\n", i, i);
  messages.push_back(headers + "\r\n");
  for (const std::string& message : messages) {
    const int connection = test::open_connection(server.port(), message);
    ASSERT_GE(connection, 0);
    shutdown(connection, SHUT_WR);
    char answer[16] = {};
    const ssize_t got = recv(connection, answer, sizeof answer - 1, MSG_WAITALL);
    EXPECT_TRUE(got <= 0 || std::string(answer).find(" 4") == 8 || std::string(answer).find(" 505") == 8)
        << message.substr(0, 40) << ": " << answer;
    close(connection);
  }
  EXPECT_EQ(get("/api/v1/health").status, 200);
}

TEST_F(ViewerServer, OtherSitesNamesAreRefused) {
  const auto as_host = [&](const std::string& host) {
    return test::send_raw(server.port(),
                          "GET /api/v1/networks HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
        .status;
  };
  EXPECT_EQ(as_host("evil.example"), 403);
  EXPECT_EQ(as_host("127.0.0.1.evil.example:80"), 403);
  EXPECT_EQ(as_host("127.0.0.1"), 200);
  EXPECT_EQ(as_host("[::1]:80"), 200);
}

TEST_F(ViewerServer, HostNamesHaveNoCase) {
  for (const char* host : {"LOCALHOST", "LocalHost:8765", "[::1]"}) {
    const std::string head = fmt::format("GET /api/v1/health HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", host);
    EXPECT_EQ(test::send_raw(server.port(), head).status, 200) << host;
  }
}

TEST_F(ViewerServer, OtherSitesPagesAreRefused) {
  const auto asked = [&](const std::string& headers, const std::string& target = "/api/v1/render?seed=1") {
    return test::http(server.port(), "GET", target, "", headers);
  };
  for (const char* headers :
       {"Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n", "Origin: http://evil.example\r\n",
        "Origin: null\r\n", "Origin: http://localhost:1\r\n", "Origin: http://localhost.evil.example\r\n",
        "Origin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\n"}) {
    for (const char* name : {"render?seed=1", "video?frames=4", "mesh?seed=1&trim=none", "face", "networks", "stats"}) {
      const test::HttpAnswer answer = asked(headers, std::string("/api/v1/") + name);
      EXPECT_EQ(answer.status, 403) << headers << name;
      EXPECT_THAT(answer.body, HasSubstr("another site's page"));
    }
  }
  EXPECT_EQ(test::http(server.port(), "POST", "/api/v1/render", R"({"seed":1})",
                       "Content-Type: text/plain\r\nOrigin: http://evil.example\r\n")
                .status,
            403);
  const std::string own = fmt::format("Origin: http://localhost:{}\r\n", server.port());
  for (const std::string& headers :
       {std::string(), std::string("Sec-Fetch-Site: none\r\n"), std::string("Sec-Fetch-Site: same-origin\r\n"), own}) {
    EXPECT_EQ(asked(headers).status, 200) << headers;
  }
  EXPECT_EQ(test::http(server.port(), "POST", "/api/v1/render", R"({"seed":1})", own).status, 200);
  EXPECT_EQ(asked("Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n", "/").status, 200)
      << "a link to the page is no request of another site's page";
}

TEST_F(ViewerServer, FieldsThatWouldDoNothingAreRefused) {
  for (const char* target : {"render?network=2&mix_seed=3", "render?network=2&yaw=10", "render?network=2&ambient=0.5",
                             "video?network=2&frames=4"}) {
    const test::HttpAnswer answer = get(std::string("/api/v1/") + target);
    EXPECT_EQ(answer.status, 422) << target;
    EXPECT_THAT(answer.body, HasSubstr("plain is a 2D generator"));
  }
  EXPECT_EQ(get("/api/v1/video?network=2&frames=4&path=blend&blend_seed=3&format=gif").status, 200);
  for (const char* target : {"face?yaw=3", "face?what=depth", "face?size=64"}) {
    EXPECT_EQ(get(std::string("/api/v1/") + target).status, 400) << target;
  }
}

TEST_F(ViewerServer, AnimationsAreBounded) {
  for (const char* target : {"video?frames=240&size=1024&format=gif", "video?frames=25&size=1000&format=gif",
                             "video?frames=240&size=1024", "video?frames=65&size=1000&format=webp"}) {
    const test::HttpAnswer answer = get(std::string("/api/v1/") + target);
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_THAT(answer.body, HasSubstr("million pixels"));
  }
  EXPECT_THAT(get("/api/v1/video?frames=240&size=1024&format=gif").body,
              HasSubstr("240 frames of 1024×1024 are 251 million pixels, a gif may have 24"));
  EXPECT_EQ(get("/api/v1/video?frames=240&format=gif&path=light").status, 200) << "of the network's own 16 pixels";
}

TEST_F(ViewerServer, WhatIsTooLongIsToldSo) {
  const test::HttpAnswer address = get("/api/v1/render?seed=" + std::string(40000, '1'));
  EXPECT_EQ(address.status, 414);
  EXPECT_EQ(nlohmann::json::parse(address.body)["error"]["status"], 414);
  EXPECT_THAT(address.head, HasSubstr("nosniff"));
  const test::HttpAnswer headers =
      test::http(server.port(), "GET", "/", "", "X-Long: " + std::string(40000, 'x') + "\r\n");
  EXPECT_EQ(headers.status, 431);
  EXPECT_EQ(nlohmann::json::parse(headers.body)["error"]["status"], 431);
  const test::HttpAnswer body = post("/api/v1/render", std::string(70000, ' '));
  EXPECT_EQ(nlohmann::json::parse(body.body)["error"]["message"], "the body is larger than 65536 bytes");
  EXPECT_THAT(body.head, HasSubstr("nosniff"));
  EXPECT_EQ(json("/api/v1/stats")["requests"]["4xx"], 3) << "they are counted";
}

TEST_F(ViewerServer, ThePageIsSentOnceAndCompressed) {
  const auto asked = [&](const std::string& headers) {
    return test::http(server.port(), "GET", "/long.js", "", headers);
  };
  const test::HttpAnswer plain = asked("");
  EXPECT_EQ(plain.body, long_script());
  EXPECT_THAT(plain.head, HasSubstr("Cache-Control: no-cache"));
  EXPECT_THAT(plain.head, HasSubstr("Vary: Accept-Encoding"));
  EXPECT_THAT(plain.head, Not(HasSubstr("no-store")));
  EXPECT_EQ(asked("Accept-Encoding: gzip;q=0, br\r\n").body, long_script());
  const test::HttpAnswer packed = asked("Accept-Encoding: br, gzip\r\n");
  EXPECT_THAT(packed.head, HasSubstr("Content-Encoding: gzip"));
  EXPECT_LT(packed.body.size(), long_script().size() / 10);
  EXPECT_EQ(unzipped(packed.body), long_script());
  const size_t at = plain.head.find("ETag: ");
  ASSERT_NE(at, std::string::npos);
  const std::string etag = plain.head.substr(at + 6, plain.head.find('\r', at) - at - 6);
  const test::HttpAnswer known = asked("If-None-Match: " + etag + "\r\n");
  EXPECT_EQ(known.status, 304);
  EXPECT_EQ(known.body, "");
  EXPECT_EQ(asked("If-None-Match: \"other\"\r\n").status, 200);
  EXPECT_THAT(get("/api/v1/health").head, HasSubstr("no-store"));
}

TEST_F(ViewerServer, DepthColorsAreTheOnesThatAreDrawn) {
  const auto colors = json("/api/v1/networks")["depth_colors"].get<std::string>();
  ASSERT_EQ(colors.size(), 256U * 6);
  const formats::Image drawn = formats::depth_image(torch::tensor({{1.0, 0.0}}), 0, 1);
  EXPECT_EQ(colors.substr(0, 6),
            fmt::format("{:02x}{:02x}{:02x}", drawn.at(0, 0)[0], drawn.at(0, 0)[1], drawn.at(0, 0)[2]));
  EXPECT_EQ(colors.substr(255 * 6),
            fmt::format("{:02x}{:02x}{:02x}", drawn.at(1, 0)[0], drawn.at(1, 0)[1], drawn.at(1, 0)[2]));
  const nlohmann::json depth = json("/api/v1/face?seed=5")["depth"];
  EXPECT_GT(depth["near"].get<double>(), depth["far"].get<double>()) << "z grows towards the viewer";
}

TEST_F(ViewerServer, ManyClientsAtOnce) {
  std::vector<std::future<int>> clients;
  for (int i = 0; i < 12; ++i) {
    clients.push_back(std::async(std::launch::async, [&, i] {
      int good = 0;
      for (int k = 0; k < 8; ++k)
        good += get(fmt::format("/api/v1/render?seed={}&yaw={}&format=jpeg", i % 3, k)).status == 200;
      return good;
    }));
  }
  int good = 0;
  for (auto& client : clients) good += client.get();
  EXPECT_EQ(good, 96);
  const nlohmann::json stats = json("/api/v1/stats");
  EXPECT_EQ(stats["requests"]["2xx"], 96);
  EXPECT_EQ(stats["cache"]["misses"], 3);
}

TEST_F(ViewerServer, ClientsThatLeaveAreForgotten) {
  std::vector<int> connections;
  for (int i = 0; i < 20; ++i) {
    connections.push_back(test::open_connection(
        server.port(),
        fmt::format("GET /api/v1/video?frames=240&seed={}&size=256 HTTP/1.1\r\nHost: localhost\r\n\r\n", i)));
  }
  for (const int connection : connections) close(connection);
  EXPECT_EQ(get("/api/v1/render?seed=1").status, 200);
  EXPECT_LE(json("/api/v1/stats")["render_queue"]["queued"].get<int>(), 2);
}

TEST(ViewerServerAccess, AnOpenAddressNeedsItsToken) {
  ServerOptions options = options_for_tests();
  options.http.address = "0.0.0.0";
  EXPECT_THROW(Server(networks_for_tests(), options), UsageError);
  options.token = "a secret";
  const Server server(networks_for_tests(), options);
  const auto with = [&](const std::string& header) {
    return test::http(server.port(), "GET", "/api/v1/health", "", header).status;
  };
  EXPECT_EQ(with(""), 401);
  EXPECT_EQ(with("Authorization: Bearer a secre\r\n"), 401);
  EXPECT_EQ(with("Authorization: Basic a secret\r\n"), 401);
  EXPECT_EQ(with("Authorization: Bearer a secret\r\n"), 200);
  EXPECT_EQ(with("Authorization: bearer a secret\r\n"), 200);
  EXPECT_EQ(with("Authorization: BEARER a secret\r\n"), 200);
  EXPECT_EQ(with("Authorization: Bearer a secret\r\nSec-Fetch-Site: cross-site\r\n"), 403);
  EXPECT_EQ(test::http(server.port(), "GET", "/").status, 200) << "the page itself is no secret";
}

TEST(ViewerServerAccess, AnimationsHaveADeadline) {
  ServerOptions options = options_for_tests();
  options.timeout_seconds = 0.05;
  const Server server(networks_for_tests(), options);
  const test::HttpAnswer answer = test::http(server.port(), "GET", "/api/v1/video?frames=240&size=512");
  EXPECT_EQ(answer.status, 504) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("no "));
}

TEST(ViewerServerAccess, AddressesThatCannotBeTaken) {
  ServerOptions options = options_for_tests();
  options.http.address = "here";
  EXPECT_THROW(Server(networks_for_tests(), options), UsageError);
  options.http.address = "127.0.0.1";
  const Server first(networks_for_tests(), options);
  options.http.port = first.port();
  EXPECT_THROW(Server(networks_for_tests(), options), Error);
}

/// Whether the server has closed a connection, without waiting.
bool has_ended(int connection) {
  char byte = 0;
  const ssize_t got = recv(connection, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

TEST(HttpServer, EndsWhileMalformedRequestsAreRefused) {
  const std::string message = "GET /api/v1/health HTTP/9.9\r\n\r\n";
  for (int i = 0; i < 300; ++i) {
    std::vector<int> connections;
    {
      const HttpServer server({}, [](const HttpRequest&) { return HttpResponse{}; });
      ASSERT_GT(server.port(), 0);
      for (int k = 0; k < 3; ++k) connections.push_back(test::open_connection(server.port(), message));
    }
    for (const int connection : connections) {
      for (std::array<char, 1024> refusal; recv(connection, refusal.data(), refusal.size(), MSG_DONTWAIT) > 0;)
        continue;
      EXPECT_TRUE(has_ended(connection)) << "the server has gone, and with it its connections";
      close(connection);
    }
  }
}

TEST(HttpServer, EndsWithSilentClientsConnected) {
  int connection = -1;
  {
    const HttpServer server({}, [](const HttpRequest&) { return HttpResponse{}; });
    connection = test::open_connection(server.port(), "GET /api");
    EXPECT_EQ(test::http(server.port(), "GET", "/").status, 200);
    EXPECT_FALSE(has_ended(connection));
  }
  EXPECT_TRUE(has_ended(connection)) << "the server has gone, and with it its connections";
  close(connection);
}

TEST(HttpServer, HeadsHaveADeadlineHoweverTheyTrickle) {
  HttpOptions options;
  options.head_seconds = 1;
  options.idle_seconds = 3;
  const HttpServer server(options, [](const HttpRequest&) { return HttpResponse{}; });
  const std::string head = "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
  const int head_only = test::open_connection(server.port(), head);
  const int silent = test::open_connection(server.port(), "");
  const int body = test::open_connection(server.port(), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  const auto start = std::chrono::steady_clock::now();
  double head_ended = 0, silent_ended = 0, body_ended = 0;
  for (double now = 0; now < 6 && body_ended == 0;) {
    now = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    for (auto [connection, ended] : {std::pair(head_only, &head_ended), {silent, &silent_ended}, {body, &body_ended}}) {
      if (*ended == 0 && has_ended(connection)) *ended = now;
      if (*ended == 0 && connection != silent) send(connection, "x", 1, MSG_NOSIGNAL);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_GT(head_ended, 0.8);
  EXPECT_LT(head_ended, 2.5);
  EXPECT_GT(silent_ended, 0.8);
  EXPECT_LT(silent_ended, 2.5);
  EXPECT_GT(body_ended, 2.5);
  EXPECT_LT(body_ended, 5);
  for (const int connection : {head_only, silent, body}) close(connection);
}

TEST(HttpServer, ASlowAnswerIsNoLateClient) {
  HttpOptions options;
  options.head_seconds = options.idle_seconds = 1;
  const HttpServer server(options, [](const HttpRequest&) {
    std::this_thread::sleep_for(std::chrono::seconds(2));
    return HttpResponse{200, "text/plain", "done", {}};
  });
  EXPECT_EQ(test::http(server.port(), "GET", "/").body, "done");
}

TEST(HttpServer, OneAddressCannotTakeEveryConnection) {
  HttpOptions options;
  options.connections = 40;
  options.connections_each = 20;
  const HttpServer server(options, [](const HttpRequest&) { return HttpResponse{}; });
  std::vector<int> greedy;
  for (int i = 0; i < 60; ++i) greedy.push_back(test::open_connection(server.port(), "GET / HT", "127.0.0.2"));
  EXPECT_EQ(test::http(server.port(), "GET", "/").status, 200) << "another address is served";
  const auto open = std::count_if(greedy.begin(), greedy.end(), [](int connection) { return !has_ended(connection); });
  EXPECT_EQ(open, 20);
  for (const int connection : greedy) close(connection);
}

TEST(MemoryKeeper, GivesBackWhatIsFreeOnceNothingIsBusy) {
  if (test::kMemoryIsInstrumented) GTEST_SKIP() << "a sanitizer's allocator is not the one that is trimmed";
  malloc_trim(0);  // of what other tests have left
  MemoryKeeper keeper(std::chrono::milliseconds(20), 16);
  const auto settled_below = [](double mebibytes) {
    for (int i = 0; i < 150 && resident_mebibytes() >= mebibytes; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return resident_mebibytes() < mebibytes;
  };
  std::vector<std::unique_ptr<char[]>> blocks, pins;
  std::shared_ptr<void> busy = keeper.busy();
  const double before = resident_mebibytes();
  for (int i = 0; i < 2000; ++i) {  // Between what stays, so that nothing is at the end of the heap.
    blocks.push_back(std::make_unique<char[]>(100'000));
    pins.push_back(std::make_unique<char[]>(5'000));
  }
  blocks.clear();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_GT(resident_mebibytes(), before + 120) << "a request is under way: nothing is given back";
  busy.reset();
  EXPECT_TRUE(settled_below(before + 60)) << before << " MiB before, " << resident_mebibytes() << " after";
}

TEST(SameSecret, ComparesWhole) {
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_FALSE(same_secret("abc", "abcd"));
  EXPECT_FALSE(same_secret("", "abc"));
}

}  // namespace
}  // namespace lifted::viewer
